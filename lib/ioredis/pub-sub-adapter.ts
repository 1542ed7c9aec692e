import { EventEmitter } from 'node:events';
import type { SubscriptionKind } from '../channel-kind.js';
import type { ClientListener, ClientRegistry, PubSubClient, RegistryType } from '../hub/client.js';
import { IoredisForeignCommands } from './foreign-commands.js';
import type { IoredisInternals } from './ioredis-client.js';
import { kindOf, KINDS } from './kinds.js';
import { IoredisLink } from './link.js';
import { ListenerRegistry } from './listener-registry.js';
import { LostNames } from './lost-names.js';
import { NameOperations } from './name-operations.js';
import { acknowledgedNames, forgetNames } from './acknowledged-names.js';
import { subscriptionCounts } from './subscription-counts.js';
import { WireCommands } from './wire-commands.js';

type Names = string | string[];
type Listener = (...args: unknown[]) => void;

/** `'restoring'`: the connection is there, and the names of the registry are being subscribed on it. */
type State = 'idle' | 'offline' | 'restoring' | 'ready';

/**
 * An ioredis client in the form of node-redis: listeners by name, a registry of them, and the events that the hub knows. The
 * names are subscribed on a new connection before `'ready'`, whatever `autoResubscribe` says.
 */
export class PubSubAdapter implements PubSubClient {
  readonly #redis: IoredisInternals;
  readonly #emitter = new EventEmitter();
  readonly #registry: ListenerRegistry;
  readonly #commands: WireCommands;
  readonly #operations: NameOperations;
  readonly #lost: LostNames;
  readonly #link: IoredisLink;
  readonly #foreign: IoredisForeignCommands;
  #state: State = 'idle';
  /** A number that changes with each connection. */
  #epoch = 0;
  /** The operations that wait for the connection. */
  #waiting: { readonly run: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(redis: IoredisInternals) {
    this.#redis = redis;
    this.#emitter.setMaxListeners(0);
    this.#registry = new ListenerRegistry(redis);
    this.#commands = new WireCommands(redis, () => this.#refresh());
    this.#operations = new NameOperations(this.#registry, this.#commands);
    this.#lost = new LostNames(redis, this.#registry, this.#commands);
    this.#link = new IoredisLink(redis, {
      onConnect: () => this.#emit('connect'),
      // The event comes a tick after the status, and the operations that were begun in between are under way.
      onReady: () => void (this.#state === 'offline' && this.#restore()),
      onClose: () => this.#onClose(),
      onReconnecting: () => this.#emit('reconnecting'),
      onEnd: (error) => this.#onEnd(error),
      onError: (error) => this.#emit('error', error),
      isMove: (error) => this.#lost.isMove(error),
      onMoved: () => this.#onMoved(),
    });
    this.#foreign = new IoredisForeignCommands(redis, {
      isOurs: () => this.#commands.isOurs,
      answers: (kind, names) => this.#lost.answers(kind, names),
      onUnsubscribed: (kind, names, since) => this.#onUnsubscribed(kind, names, since),
      onClosing: () => this.#link.onClosing(),
    });
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  get isReady(): boolean {
    return this.#link.isOnline && (this.#state === 'ready' || this.#state === 'idle');
  }

  on(event: string, listener: Listener): this {
    this.#emitter.on(event, listener);
    this.#refresh();
    return this;
  }

  off(event: string, listener: Listener): this {
    this.#emitter.off(event, listener);
    this.#refresh();
    return this;
  }

  subscribe(channels: Names, listener: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#subscribe('channel', channels, listener, bufferMode);
  }

  unsubscribe(channels?: Names, listener?: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#unsubscribe('channel', channels, listener, bufferMode);
  }

  pSubscribe(patterns: Names, listener: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#subscribe('pattern', patterns, listener, bufferMode);
  }

  pUnsubscribe(patterns?: Names, listener?: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#unsubscribe('pattern', patterns, listener, bufferMode);
  }

  sSubscribe(channels: Names, listener: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#subscribe('shard', channels, listener, bufferMode);
  }

  sUnsubscribe(channels?: Names, listener?: ClientListener, bufferMode?: boolean): Promise<void> {
    return this.#unsubscribe('shard', channels, listener, bufferMode);
  }

  /** Registers listeners at once, and subscribes the names that the registry did not have. */
  extendPubSubListeners(type: RegistryType, listeners: Map<string, never>): Promise<void> {
    const kind = kindOf(type);
    const fresh = this.#operations.register(kind, listeners);
    this.#refresh();
    // On a connection that is yet to come, all names of the registry are subscribed.
    return this.#whenReady(() => this.#operations.subscribeRegistered(kind, fresh));
  }

  getPubSubListeners(type: RegistryType): ClientRegistry {
    return this.#registry.byKind[kindOf(type)];
  }

  /** Sends a command. CLIENT INFO counts only the names of the registry. */
  sendCommand([command = '', ...args]: string[]): Promise<unknown> {
    if (command === 'CLIENT' && args[0] === 'INFO') return subscriptionCounts(this.#redis, this.#registry);
    return this.#redis.call(command.toLowerCase(), ...args);
  }

  /** Delivers nothing more, not even what has arrived already. */
  protected silence(): void {
    this.#registry.rest();
  }

  #subscribe(kind: SubscriptionKind, names: Names, listener: ClientListener, binary = false): Promise<void> {
    return this.#whenReady(() => this.#operations.subscribe(kind, [names].flat(), listener, binary));
  }

  #unsubscribe(
    kind: SubscriptionKind,
    names: Names = [...this.#registry.byKind[kind].keys()],
    listener?: ClientListener,
    binary = false,
  ): Promise<void> {
    return this.#whenReady(() => this.#operations.unsubscribe(kind, [names].flat(), listener, binary));
  }

  /** Runs an operation: in the same tick if the connection is there. */
  #whenReady(operation: () => Promise<void>): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error('The client is closed'));
    if (!this.#link.isWatching) this.#watch();
    const running = this.isReady
      ? operation()
      : new Promise<void>((resolve, reject) =>
          this.#waiting.push({ run: () => resolve(operation()), reject }),
        );
    const refresh = () => this.#refresh();
    running.then(refresh, refresh);
    return running;
  }

  #emit(event: string, ...args: unknown[]): void {
    if (this.#emitter.listenerCount(event) > 0) this.#emitter.emit(event, ...args);
  }

  /** Watches the client only while there are listeners, names or operations. */
  #refresh(): void {
    const isIdle = this.#registry.isEmpty && this.#commands.isIdle && this.#waiting.length === 0;
    if (this.#registry.isEmpty) this.#registry.rest();
    // On the next connection, ioredis sends commands again whose names have been left meanwhile.
    const isOwing = this.#state !== 'ready' && this.#commands.isOwning;
    const isNeeded = !isIdle || isOwing || this.#emitter.eventNames().length > 0;
    if (isNeeded === this.#link.isWatching) return;
    if (isNeeded) this.#watch();
    else this.#unwatch();
  }

  #watch(): void {
    this.#state = this.#link.isOnline ? 'ready' : 'offline';
    this.#foreign.watch();
    this.#link.watch();
  }

  #unwatch(): void {
    this.#state = 'idle';
    this.#epoch++;
    this.#registry.rest();
    this.#foreign.unwatch();
    this.#link.unwatch();
  }

  async #restore(): Promise<void> {
    this.#state = 'restoring';
    const epoch = ++this.#epoch;
    const isCurrent = () => epoch === this.#epoch && this.#state === 'restoring';
    for (let size = Infinity; size > this.#registry.size;) {
      size = this.#registry.size;
      const error = await this.#operations.restore();
      if (!isCurrent()) return;
      if (error === undefined) break;
      if (error.name !== 'ReplyError') {
        this.#redis.disconnect(true);
        return;
      }
      // The hub takes refused names out of the registry, and asks for each of them later.
      this.#emit('error', error);
      if (!isCurrent()) return;
    }
    this.#state = 'ready';
    // Before the event, because what follows it may end what these begin.
    for (const { run } of this.#waiting.splice(0)) run();
    this.#emit('ready');
    this.#refresh();
  }

  #onClose(): void {
    this.#epoch++;
    this.#state = 'offline';
    // ioredis would subscribe the names that have been left since, and not survive the refusal of one of them.
    for (const kind of KINDS) forgetNames(this.#redis, kind, this.#commands.owned(kind));
    this.#commands.abort();
    // They were begun before it was known that the connection is lost.
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('Socket closed unexpectedly'));
  }

  #onEnd(error: Error | undefined): void {
    this.#commands.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The client is closed'));
    this.#refresh();
    if (!error) return this.#emit('end');
    this.#emit('terminated', error);
    this.#emit('error', error);
  }

  /** Looks for sharded channels that Redis has dropped, once all names that have moved are known. */
  #onMoved(): void {
    setImmediate(() => {
      // These are refused, and not lost: to subscribe them again would be refused again, without end.
      const refused = this.#commands.rejectMoved();
      if (this.#state !== 'ready' || !acknowledgedNames(this.#redis, 'shard')) return;
      for (const name of this.#lost.takeMoved(refused)) this.#emit('sharded-channel-moved', name);
    });
  }

  #onUnsubscribed(kind: SubscriptionKind, wireNames: readonly string[] | undefined, since: number): void {
    // Names that are yet to be restored are subscribed after this reply.
    if (this.#state !== 'ready' && this.#state !== 'restoring') return;
    const names = this.#lost.takeUnsubscribed(kind, wireNames);
    if (names.length > 0) this.#emit('names-unsubscribed', kind, names, since);
  }
}
