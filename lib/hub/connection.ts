import { asyncScheduler, type Subscription } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { toError } from '../errors/to-error.js';
import type { PubSubClient } from './client.js';
import { addListeners, removeListeners } from './shared-emitter.js';

/** Milliseconds until the first check whether an offline client has been closed; each further check waits twice as long. */
const FIRST_LOOK = 100;
/**
 * The number of checks, the last one after about 29 hours. There is a last one, because virtual time runs until no timer is
 * left.
 */
const LOOKS = 20;

/** An observer of the client's events, as far as they concern subscriptions. */
export interface ConnectionObserver {
  /** Called when the connection is lost and the client tries to reconnect. */
  onOffline(error: Error | undefined): void;
  /** Called when an attempt to reconnect has failed; it may have brought messages already. */
  onStillOffline(error: Error | undefined): void;
  /** Called when Redis refuses the client's resubscription, of all names because of one. The client keeps trying. */
  onResubscribeRefused(): void;
  /** Called when the connection is back and the client has resubscribed the names in its registry. */
  onOnline(): void;
  /** Called when the connection has ended: with an error if the client gave up, without one if its user closed it. */
  onEnded(error: Error | undefined): void;
  /** Called when the server has shown a sign of life: the reply to a ping. */
  onHeard(): void;
  /** Called when the client's reader failed, or a listener threw into it: the rest of the chunk is lost, replies included. */
  onReaderFailed(): void;
  /** Called when Redis dropped a sharded channel, because its slot moved, and the client dropped the listeners. */
  onShardMoved(name: string): void;
  /** Called when other code has unsubscribed names on a client that reports that by an event. */
  onUnsubscribed(kind: SubscriptionKind, names: readonly string[], since: number): void;
}

/** `'connecting'`: a socket is there, and the client resubscribes the names that its registry held when the socket came. */
type ConnectionState = 'online' | 'connecting' | 'offline';

/** The state of one client's connection, derived from its events. */
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
        // node-redis 5 has no 'terminated' event: it gives up with the same error once more, or with the error of a failed
        // attempt. Any other error comes from a connection that broke while its user closed the client, and no other event
        // reports that.
        const hasGivenUp = isVersion5(client) && (this.#state !== 'online' || earlier === this.#lastError);
        if (!client.isOpen) end(hasGivenUp ? this.#lastError : undefined);
        else if (this.#state === 'online') {
          if (isReaderFailure(client, error)) observer.onReaderFailed();
        } else if (this.#lastError.message.startsWith('NOPERM ')) observer.onResubscribeRefused();
      },
      terminated: (cause) => {
        // An 'error' follows in the same tick. Without a listener, the client would throw it.
        client.on('error', ignore);
        queueMicrotask(() => removeListeners(client, { error: ignore }));
        end(toError(cause));
      },
      end: () => end(),
      // A cluster client emits this event instead of 'end'.
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
      'names-unsubscribed': (kind, names, since) =>
        observer.onUnsubscribed(kind as SubscriptionKind, names as readonly string[], since as number),
    };
    this.#onClosed = () => end();
  }

  /** Reports the end of a client that was closed while it was offline, without an event. */
  check(): void {
    if (this.#isWatching && !this.#client.isOpen) this.#onClosed();
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Returns whether a command sent now goes out at once. */
  get isOnline(): boolean {
    return (
      this.#client.isOpen && (this.#isWatching ? this.#state === 'online' : this.#client.isReady !== false)
    );
  }

  /** Returns whether there is no socket: the client will not resubscribe names that leave its registry now. */
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

  /** Checks whether the client has been closed: a client closed while offline, with commands waiting, emits no event. */
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
 * Returns whether an error of a connected client comes from its reader: bytes that do not parse, or a listener that threw.
 * All other errors are replies to the client's own pings.
 */
export function isReaderFailure(client: PubSubClient, error: unknown): boolean {
  return client.isOpen && client.isReady === true && !isAnswer(error);
}

/** Returns whether an error is a reply of Redis, or a reply that did not come in time. */
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

/** Returns whether the client is of node-redis 5. There is no better sign than a command that version 6 has added. */
function isVersion5(client: PubSubClient): boolean {
  return !('clientUnblock' in client);
}

function ignore(): void {}
