import type { PubSubClient } from './client.js';

/** What a client's events mean for its subscriptions. */
export interface ConnectionObserver {
  /** The connection is lost, and the client tries to get it back. */
  onOffline(error: Error | undefined): void;
  /** A try to get it back has failed. */
  onStillOffline(): void;
  /** Redis refuses to subscribe again what the client knows of, all of it for the sake of one: the client tries on. */
  onResubscribeRefused(): void;
  /** It is back, and what the client knew of is subscribed again. */
  onOnline(): void;
  /** It will not come back: with an error, because the client gave up; without, because its user closed it. */
  onEnded(error: Error | undefined): void;
  /** The server was heard of. */
  onHeard(): void;
}

/** `'connecting'`: a socket is there, and the client subscribes again what its registry held when it came. */
type ConnectionState = 'online' | 'connecting' | 'offline';

/** The state of one client's connection, read off its events. */
export class Connection {
  readonly #client: PubSubClient;
  readonly #listeners: Readonly<Record<string, (...args: unknown[]) => void>>;
  #isWatching = false;
  #state: ConnectionState = 'connecting';
  #lastError: Error | undefined;

  constructor(client: PubSubClient, observer: ConnectionObserver) {
    this.#client = client;
    const end = (error?: Error) => {
      this.unwatch();
      observer.onEnded(error);
    };
    this.#listeners = {
      error: (error) => {
        this.#lastError = toError(error);
        // node-redis 5 has no 'terminated': there an error of a client that is not open is how it gives up.
        if (!client.isOpen) end(this.#lastError);
        else if (this.#state !== 'online' && this.#lastError.message.startsWith('NOPERM '))
          observer.onResubscribeRefused();
      },
      terminated: (cause) => {
        // An 'error' follows in the same tick: without a listener it would be thrown at the client.
        client.on('error', ignore);
        queueMicrotask(() => client.off('error', ignore));
        end(toError(cause));
      },
      end: () => end(),
      // How a cluster says it.
      disconnect: () => {
        if (!client.isOpen) end();
      },
      reconnecting: () => {
        const before = this.#state;
        this.#state = 'offline';
        if (before === 'online') observer.onOffline(this.#lastError);
        else if (before === 'connecting') observer.onStillOffline();
      },
      connect: () => {
        this.#state = 'connecting';
      },
      ready: () => {
        this.#state = 'online';
        this.#lastError = undefined;
        observer.onOnline();
      },
      'ping-interval': () => observer.onHeard(),
    };
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Whether a command sent now goes out at once. */
  get isOnline(): boolean {
    return (
      this.#client.isOpen && (this.#isWatching ? this.#state === 'online' : this.#client.isReady !== false)
    );
  }

  /** Whether there is no socket: what leaves the client's registry now will not be subscribed again. */
  get isOffline(): boolean {
    return this.#isWatching && this.#state === 'offline';
  }

  watch(): void {
    if (this.#isWatching) return;
    this.#state = this.isOnline ? 'online' : 'connecting';
    this.#isWatching = true;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#client.on(event, listener);
  }

  unwatch(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#client.off(event, listener);
  }
}

function ignore(): void {}

function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
