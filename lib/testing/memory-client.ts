import { EventEmitter } from 'node:events';
import { checkedListener, checkedNames, checkedRegistry, checkedType } from './checks.js';
import type { ListenerSets } from './listener-registry.js';
import { MemoryClientCore } from './memory-client-core.js';
import { checkedOptions, type CheckedOptions, type MemoryPubSubOptions } from './memory-pub-sub-options.js';
import { MemoryServer } from './memory-server.js';
import type { SubscriptionKind } from '../channel-kind.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient, ClientListener, RegistryType } from '../hub/client.js';

/** @inline */
type Names = string | readonly string[];

/** Methods and events of a node-redis client, as far as Pub/Sub goes: the part for the code under test. */
export abstract class MemoryClient extends EventEmitter implements PubSubClient {
  /**
   * Names and globs that Redis refuses to this client from now on with NOPERM, when they are subscribed, when they are
   * subscribed again after a reconnect, and when `eval` publishes to them. Existing subscriptions stay.
   *
   * ```ts
   * redis.forbidden.add('secret');
   * ```
   */
  readonly forbidden = new Set<string>();

  /** @internal */
  protected readonly settings: CheckedOptions;
  /** @internal */
  protected server!: MemoryServer;
  /** @internal */
  protected core!: MemoryClientCore;

  constructor(options: MemoryPubSubOptions = {}) {
    super();
    this.settings = checkedOptions(options);
    this.join(new MemoryServer(this.settings.scheduler));
  }

  /** Returns whether the client is open: neither closed nor given up. */
  get isOpen(): boolean {
    return this.core.isOpen;
  }

  /** Returns whether the client is connected, and has subscribed everything in its registry again. */
  get isReady(): boolean {
    return this.core.isReady;
  }

  /**
   * Subscribes to channels (SUBSCRIBE). The promise resolves at the moment of the acknowledgement, and rejects when Redis
   * refuses.
   */
  subscribe(channels: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('channel', channels, listener, bufferMode);
  }

  /**
   * Unsubscribes from channels (UNSUBSCRIBE). Removes the listener from these names; without a listener, removes all
   * listeners of these names; without names, removes all listeners of all names.
   */
  unsubscribe(channels?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('channel', channels, listener, bufferMode);
  }

  /** Subscribes to patterns (PSUBSCRIBE), as {@link subscribe} does to channels. */
  pSubscribe(patterns: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('pattern', patterns, listener, bufferMode);
  }

  /** Unsubscribes from patterns (PUNSUBSCRIBE), as {@link unsubscribe} does from channels. */
  pUnsubscribe(patterns?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('pattern', patterns, listener, bufferMode);
  }

  /** Subscribes to sharded channels (SSUBSCRIBE), as {@link subscribe} does to channels. */
  sSubscribe(channels: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('shard', channels, listener, bufferMode);
  }

  /** Unsubscribes from sharded channels (SUNSUBSCRIBE), as {@link unsubscribe} does from channels. */
  sUnsubscribe(channels?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('shard', channels, listener, bufferMode);
  }

  /** Returns the client's live registry of listeners, by name. */
  getPubSubListeners(type: RegistryType): Map<string, ListenerSets> {
    return this.core.registry.of(checkedType(type));
  }

  /**
   * Registers listeners as node-redis does for a client that takes the place of another: at once, with one command for the
   * names that the registry lacks. If Redis refuses, the promise rejects, and the registry keeps the listeners.
   */
  extendPubSubListeners(type: RegistryType, listeners: ReadonlyMap<string, ListenerSets>): Promise<void> {
    return rejectingErrors(() => {
      const kind = checkedType(type);
      checkedNames([...checkedRegistry(listeners).keys()], kind);
      const change = this.core.registry.extend(kind, listeners);
      return this.core.request('subscribe', kind, change);
    });
  }

  /**
   * Opens a client that was closed or has given up, and subscribes everything in its registry again. Resolves when the
   * client is ready. Rejects if the client is open: a new client is connected from the start.
   */
  connect(): Promise<this> {
    if (this.isOpen)
      return Promise.reject(new Error('Socket already opened: connect() is for a closed client.'));
    const ready = new Promise<this>((resolve) => this.once('ready', () => resolve(this)));
    this.core.open();
    return ready;
  }

  /** Closes the client, as its user would: emits `end`, and rejects unacknowledged requests. */
  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** Closes the client, as {@link close} does. */
  destroy(): void {
    this.core.end(new Error('Disconnects client'), () => this.emit('end'));
  }

  /**
   * Becomes a new client of this server.
   * @internal
   */
  protected join(server: MemoryServer): void {
    this.server = server;
    this.core = new MemoryClientCore({
      ...this.settings,
      server,
      forbidden: this.forbidden,
      emit: (event, ...args) => {
        if (event === 'error') this.emitError(args[0] as Error);
        else this.emit(event, ...args);
      },
    });
  }

  /**
   * Emits an error if there is a listener: without one, an EventEmitter would throw the error at the test.
   * @internal
   */
  protected emitError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  #subscribe(kind: SubscriptionKind, names: Names, listener: ClientListener, binary: boolean): Promise<void> {
    return rejectingErrors(() => {
      const list = checkedNames(names, kind);
      const change = this.core.registry.subscribe(kind, list, checkedListener(listener), binary);
      return this.core.request('subscribe', kind, change);
    });
  }

  #unsubscribe(
    kind: SubscriptionKind,
    names: Names | undefined,
    listener: ClientListener | undefined,
    binary: boolean,
  ): Promise<void> {
    const { registry } = this.core;
    return rejectingErrors(() => {
      // node-redis, too, takes the empty string for all names.
      const list = names === undefined || names === '' ? undefined : checkedNames(names, kind);
      if (list?.length === 0)
        throw invalidArgument(
          'the names',
          'not empty',
          names,
          'node-redis would drop all subscriptions and hang.',
        );
      const change =
        list && listener !== undefined
          ? registry.unsubscribe(kind, list, checkedListener(listener), binary)
          : registry.unsubscribeAll(kind, list);
      return this.core.request('unsubscribe', kind, change);
    });
  }
}

/**
 * Returns a rejected promise where the work throws. An `async` function would return a promise that settles some microtasks
 * later.
 */
function rejectingErrors(work: () => Promise<void>): Promise<void> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}
