import { toError } from '../errors/to-error.js';
import type { IoredisInternals } from './ioredis-client.js';
import { keepListening } from './subscriber-mode.js';

/** The part of the adapter that follows the connection. */
export interface LinkObserver {
  onConnect(): void;
  onReady(): void;
  onClose(): void;
  onReconnecting(): void;
  /** Called when the client has ended: with an error if it has given up, without one if its user has closed it. */
  onEnd(error: Error | undefined): void;
  onError(error: Error): void;
  /** Returns whether an error says only that Redis has dropped a sharded channel. */
  isMove(error: Error): boolean;
  /** Called when Redis has dropped a sharded channel, or has refused it, because its slot has moved. */
  onMoved(): void;
}

/** The events of one ioredis client while it is watched, and its state. */
export class IoredisLink {
  readonly #redis: IoredisInternals;
  readonly #listeners: Readonly<Record<string, (...args: unknown[]) => void>>;
  #isWatching = false;
  /** Set once the user has closed the client, as opposed to a client that gives up. */
  #isClosing = false;
  #lastError: Error | undefined;

  constructor(redis: IoredisInternals, observer: LinkObserver) {
    this.#redis = redis;
    this.#listeners = {
      connect: () => {
        keepListening(redis);
        observer.onConnect();
      },
      ready: () => {
        this.#lastError = undefined;
        observer.onReady();
      },
      close: () => {
        observer.onClose();
        if (redis.status === 'end' || this.#isClosing || this.#lastError) return;
        // The server has closed the connection: node-redis reports that as an error, and ioredis does not.
        observer.onError(new Error('Socket closed unexpectedly'));
      },
      reconnecting: () => observer.onReconnecting(),
      end: () => {
        const reason =
          this.#lastError ??
          new Error('The connection is closed, and the retryStrategy of ioredis opens no other.');
        const hasGivenUp = !this.#isClosing;
        this.#isClosing = false;
        this.#lastError = undefined;
        observer.onEnd(hasGivenUp ? reason : undefined);
      },
      error: (cause: unknown) => {
        const error = toError(cause);
        if (observer.isMove(error)) return observer.onMoved();
        this.#lastError = error;
        if (this.isOpen) observer.onError(error);
      },
      moved: () => observer.onMoved(),
    };
  }

  /** True until the client has ended; a client with `lazyConnect` connects when it is watched. */
  get isOpen(): boolean {
    const { status, manuallyClosing } = this.#redis;
    return status !== 'end' && !this.#isClosing && manuallyClosing !== true;
  }

  /** True while a command goes out at once. */
  get isOnline(): boolean {
    return this.isOpen && this.#redis.status === 'ready' && this.#redis.stream?.destroyed !== true;
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  watch(): void {
    this.#isWatching = true;
    keepListening(this.#redis);
    for (const [event, listener] of Object.entries(this.#listeners)) this.#redis.on(event, listener);
    if (this.#redis.status === 'wait') this.#redis.connect().catch(() => undefined);
  }

  unwatch(): void {
    this.#isWatching = false;
    this.#isClosing = false;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#redis.off(event, listener);
  }

  onClosing(): void {
    this.#isClosing = true;
  }
}
