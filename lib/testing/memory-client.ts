import { EventEmitter } from 'node:events';
import { checkedListener, checkedNames, checkedRegistry, checkedType } from './checks.js';
import type { ListenerSets } from './listener-registry.js';
import { MemoryClientCore } from './memory-client-core.js';
import { checkedOptions, type CheckedOptions, type MemoryPubSubOptions } from './memory-pub-sub-options.js';
import { MemoryServer } from './memory-server.js';
import type { ChannelKind } from '../channel-kind.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient, ClientListener, RegistryType } from '../hub/client.js';

type Names = string | readonly string[];

/** The methods and events of a node-redis client, as far as Pub/Sub goes: what the code under test sees. */
export abstract class MemoryClient extends EventEmitter implements PubSubClient {
  /**
   * Names and globs that Redis refuses to this client from now on, with NOPERM: to subscribe them, and to subscribe them
   * again after a reconnect. What is subscribed stays so.
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
    this.join(new MemoryServer());
  }

  /** Whether it has not been closed, and has not given up. */
  get isOpen(): boolean {
    return this.core.isOpen;
  }

  /** Whether it is connected, and subscribed again to all that it knows of. */
  get isReady(): boolean {
    return this.core.isReady;
  }

  /** SUBSCRIBE. The promise resolves in the moment of the acknowledgement, and rejects when Redis refuses. */
  subscribe(channels: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('channel', channels, listener, bufferMode);
  }

  /** UNSUBSCRIBE: the listener, or without one all of them, from these names, or without any from all names. */
  unsubscribe(channels?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('channel', channels, listener, bufferMode);
  }

  /** PSUBSCRIBE, as {@link subscribe}. */
  pSubscribe(patterns: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('pattern', patterns, listener, bufferMode);
  }

  /** PUNSUBSCRIBE, as {@link unsubscribe}. */
  pUnsubscribe(patterns?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('pattern', patterns, listener, bufferMode);
  }

  /** SSUBSCRIBE, as {@link subscribe}. */
  sSubscribe(channels: Names, listener: ClientListener, bufferMode = false): Promise<void> {
    return this.#subscribe('shard', channels, listener, bufferMode);
  }

  /** SUNSUBSCRIBE, as {@link unsubscribe}. */
  sUnsubscribe(channels?: Names, listener?: ClientListener, bufferMode = false): Promise<void> {
    return this.#unsubscribe('shard', channels, listener, bufferMode);
  }

  /** The client's live registry of listeners, by name. */
  getPubSubListeners(type: RegistryType): Map<string, ListenerSets> {
    return this.core.registry.of(checkedType(type));
  }

  /**
   * Registers listeners as node-redis does for a client that takes the place of another: at once, with one command for the
   * names that the registry lacks. Where Redis refuses, the promise rejects, and the registry keeps the listeners.
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
   * Opens a client that was closed or has given up; what its registry holds is subscribed again. Resolves when ready.
   * Rejects if it is open: it is connected from the start.
   */
  connect(): Promise<this> {
    if (this.isOpen)
      return Promise.reject(new Error('Socket already opened: connect() is for a closed client.'));
    const ready = new Promise<this>((resolve) => this.once('ready', () => resolve(this)));
    this.core.open();
    return ready;
  }

  /** The user closes it: `end`. What is not acknowledged fails. */
  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** As {@link close}. */
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
   * Without a listener an EventEmitter would throw it at the test.
   * @internal
   */
  protected emitError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  #subscribe(kind: ChannelKind, names: Names, listener: ClientListener, binary: boolean): Promise<void> {
    return rejectingErrors(() => {
      const list = checkedNames(names, kind);
      const change = this.core.registry.subscribe(kind, list, checkedListener(listener), binary);
      return this.core.request('subscribe', kind, change);
    });
  }

  #unsubscribe(
    kind: ChannelKind,
    names: Names | undefined,
    listener: ClientListener | undefined,
    binary: boolean,
  ): Promise<void> {
    const { registry } = this.core;
    return rejectingErrors(() => {
      // The empty string alone means all names to node-redis, too.
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

/** No `async` function: its promise would settle some microtasks later. */
function rejectingErrors(work: () => Promise<void>): Promise<void> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}
