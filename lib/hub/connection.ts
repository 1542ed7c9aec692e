import { asyncScheduler, type Subscription } from 'rxjs';
import { toError } from '../errors/to-error.js';
import type { PubSubClient } from './client.js';
import { addListeners, removeListeners } from './shared-emitter.js';

/** Milliseconds until the first look whether a client that is offline has been closed; each time twice as long. */
const FIRST_LOOK = 100;
/** The last one is a day later: looking has an end, also where virtual time runs on until nothing is left to do. */
const LOOKS = 20;

/** What a client's events mean for its subscriptions. */
export interface ConnectionObserver {
  /** The connection is lost, and the client tries to get it back. */
  onOffline(error: Error | undefined): void;
  /** A try to get it back has failed; it may have brought messages already. */
  onStillOffline(error: Error | undefined): void;
  /** Redis refuses to subscribe again what the client knows of, all of it for the sake of one: the client tries on. */
  onResubscribeRefused(): void;
  /** It is back, and what the client knew of is subscribed again. */
  onOnline(): void;
  /** It will not come back: with an error, because the client gave up; without, because its user closed it. */
  onEnded(error: Error | undefined): void;
  /** The server was heard of. */
  onHeard(): void;
  /** The client could not read on, or a listener threw at it: what else came with it is lost, answers included. */
  onReaderFailed(): void;
  /** Redis has dropped a sharded channel, because its slot has moved, and the client its listeners. */
  onShardMoved(name: string): void;
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
  #nextLook: Subscription | undefined;
  readonly #onClosed: () => void;

  constructor(client: PubSubClient, observer: ConnectionObserver) {
    this.#client = client;
    const end = (error?: Error) => {
      this.unwatch();
      observer.onEnded(error);
    };
    this.#listeners = {
      error: (error) => {
        const earlier = this.#lastError;
        this.#lastError = toError(error);
        // node-redis 5 has no 'terminated': it gives up with the same error once more, or with that of a failed try. Any
        // other is that of a connection that broke off while its user closed the client, and nothing else tells of that.
        const hasGivenUp = isVersion5(client) && (this.#state !== 'online' || earlier === this.#lastError);
        if (!client.isOpen) end(hasGivenUp ? this.#lastError : undefined);
        else if (this.#state === 'online') {
          if (isReaderFailure(client, error)) observer.onReaderFailed();
        } else if (this.#lastError.message.startsWith('NOPERM ')) observer.onResubscribeRefused();
      },
      terminated: (cause) => {
        // An 'error' follows in the same tick: without a listener it would be thrown at the client.
        client.on('error', ignore);
        queueMicrotask(() => removeListeners(client, { error: ignore }));
        end(toError(cause));
      },
      end: () => end(),
      // How a cluster says it.
      disconnect: () => {
        if (!client.isOpen) end();
      },
      reconnecting: () => {
        if (!client.isOpen) return end();
        const before = this.#state;
        this.#state = 'offline';
        if (before === 'online') {
          observer.onOffline(this.#lastError);
          this.#look(end, 0);
        }
        if (before === 'connecting') observer.onStillOffline(this.#lastError);
      },
      connect: () => {
        this.#state = 'connecting';
      },
      ready: () => {
        this.#state = 'online';
        this.#lastError = undefined;
        this.#nextLook?.unsubscribe();
        observer.onOnline();
      },
      'ping-interval': () => observer.onHeard(),
      'sharded-channel-moved': (name) => observer.onShardMoved(String(name)),
    };
    this.#onClosed = () => end();
  }

  /** Ends where the client was closed while it was offline, of which it tells nobody. */
  check(): void {
    if (this.#isWatching && !this.#client.isOpen) this.#onClosed();
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
    addListeners(this.#client, this.#listeners);
  }

  unwatch(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    this.#nextLook?.unsubscribe();
    removeListeners(this.#client, this.#listeners);
  }

  /** A client that is closed while it is offline, with commands waiting, tells nobody. */
  #look(onClosed: () => void, looks: number): void {
    if (looks === LOOKS || !this.#isWatching) return;
    this.#nextLook = asyncScheduler.schedule(
      () => {
        if (!this.#client.isOpen) onClosed();
        else this.#look(onClosed, looks + 1);
      },
      FIRST_LOOK * 2 ** looks,
    );
  }
}

/**
 * Returns whether a connected client's error comes from its reader: bytes that do not parse, or a listener that threw.
 * The others are answers to its own pings.
 */
export function isReaderFailure(client: PubSubClient, error: unknown): boolean {
  return client.isOpen && client.isReady === true && !isAnswer(error);
}

/** Returns whether an error is an answer of Redis's, or the lack of one in time. */
function isAnswer(error: unknown): boolean {
  const names = new Set<string>();
  for (
    let type: unknown = error;
    typeof type === 'object' && type !== null;
    type = Object.getPrototypeOf(type)
  )
    names.add((type as { constructor?: { name?: string } }).constructor?.name ?? '');
  return ['ErrorReply', 'TimeoutError', 'AbortError'].some((name) => names.has(name));
}

/** By a command that came with version 6: there is nothing better to tell them apart by. */
function isVersion5(client: PubSubClient): boolean {
  return !('clientUnblock' in client);
}

function ignore(): void {}
