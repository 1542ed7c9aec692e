import type { SchedulerLike } from 'rxjs';
import { Acknowledgement } from './acknowledgement.js';
import type { BlockingCommand } from './blocked-reads.js';
import { CommandLog } from './command-log.js';
import { blockingRequestOf, requestOf } from './command-request.js';
import { ListenerRegistry, type Change } from './listener-registry.js';
import type { MemoryConnection, MemoryServer } from './memory-server.js';
import { RequestLine, type AcknowledgeMode, type Request } from './request-line.js';
import { SubscriptionLogs } from './subscription-logs.js';
import type { SubscriptionKind } from '../channel-kind.js';
import type { Reply } from '../log/log-client.js';

type Verb = 'subscribe' | 'unsubscribe';

export interface MemoryClientHost {
  readonly server: MemoryServer;
  readonly acknowledge: AcknowledgeMode;
  readonly scheduler: SchedulerLike;
  readonly forbidden: ReadonlySet<string>;
  emit(event: string, ...args: unknown[]): void;
}

const KINDS = ['channel', 'pattern', 'shard'] as const;
const WORDS: Readonly<Record<Verb, Readonly<Record<SubscriptionKind, string>>>> = {
  subscribe: { channel: 'SUBSCRIBE', pattern: 'PSUBSCRIBE', shard: 'SSUBSCRIBE' },
  unsubscribe: { channel: 'UNSUBSCRIBE', pattern: 'PUNSUBSCRIBE', shard: 'SUNSUBSCRIBE' },
};

const NO_PERMISSION = 'NOPERM this user has no permissions to access one of the channels used as arguments';

/**
 * Part of a node-redis client between its methods and its socket: requests, the registry, and the state of the connection.
 */
export class MemoryClientCore {
  readonly registry = new ListenerRegistry();
  readonly log = new CommandLog();
  readonly line: RequestLine;
  readonly logs: SubscriptionLogs;
  readonly #host: MemoryClientHost;
  #connection: MemoryConnection | undefined;
  /** Requests that are not sent yet: the connection is lost, or the client is not ready. */
  #unsent: Request[] = [];
  #isOpen = true;
  #isReady = true;
  /** Number of replies that are outstanding before the client is ready. */
  #restoring = 0;

  constructor(host: MemoryClientHost) {
    this.#host = host;
    this.logs = new SubscriptionLogs(host.scheduler);
    this.line = new RequestLine(host.acknowledge, host.scheduler, {
      receive: (work) => this.#connection?.post(work),
      post: (work) => host.server.post(work),
      run: () => host.server.run(),
    });
    this.#openConnection();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get hasConnection(): boolean {
    return this.#connection !== undefined;
  }

  subscriptions(kind: SubscriptionKind): string[] {
    return this.#connection?.subscriptions(kind) ?? [];
  }

  /** Returns the error with which Redis refuses these names, if it does. */
  refusalOf(names: readonly string[] = []): Error | undefined {
    return names.some((name) => this.#host.forbidden.has(name)) ? new Error(NO_PERMISSION) : undefined;
  }

  /** Sends the command of a change of the registry, if there is one. */
  request(verb: Verb, kind: SubscriptionKind, change: Change | undefined): Promise<void> {
    const promise = new Acknowledgement<void>();
    if (!change) {
      promise.resolve();
      return promise;
    }
    const { names } = change;
    const request: Request = {
      execute: () => this.#execute(verb, kind, names),
      onReply: (refusal) => {
        if (!refusal) change.apply();
      },
      settle: (error) => {
        if (error) promise.reject(error);
        else promise.resolve();
      },
    };
    this.log.add([WORDS[verb][kind], ...(names ?? [])].join(' '));
    this.#send(request);
    return promise;
  }

  /**
   * Executes a command that is not of Pub/Sub. Returns its result at once, and throws its error, if Redis executes requests
   * immediately and none is waiting; otherwise returns a promise.
   *
   * @throws if the client is closed
   */
  command<T>(execute: () => T): Reply<T> {
    if (!this.#isOpen) throw new Error('The client is closed');
    const work = () => this.#host.server.execute(execute);
    if (this.#canSend && this.line.isImmediate) return work();
    const promise = new Acknowledgement<T>();
    this.#send(requestOf(work, promise));
    return promise;
  }

  /** Executes a command that can block its connection, as {@link command} does others. */
  blockingCommand<T>(command: BlockingCommand<T>): Reply<T | null> {
    if (!this.#isOpen) throw new Error('The client is closed');
    const { server } = this.#host;
    const reply = this.#canSend && this.line.isImmediate ? server.execute(command.attempt) : undefined;
    if (reply !== undefined) return reply;
    const promise = new Acknowledgement<T | null>();
    this.#send(blockingRequestOf(command, server, promise));
    return promise;
  }

  open(): void {
    this.#isOpen = true;
    this.reconnect();
  }

  /** Ends the client until `open`; `announce` emits the events of the end. */
  end(error: Error, announce: () => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closeConnection();
    announce();
    for (const request of [...this.line.recall(), ...this.#unsent.splice(0)]) request.settle(error);
  }

  disconnect(error: Error, requests: 'reject' | 'keep'): void {
    if (!this.#connection) return;
    this.#closeConnection();
    const recalled = this.line.recall();
    if (requests === 'keep') this.#unsent.unshift(...recalled);
    this.#host.emit('error', error);
    this.#host.emit('reconnecting');
    if (requests === 'reject') for (const request of recalled) request.settle(error);
  }

  reconnect(): void {
    if (this.#connection) return;
    this.#openConnection();
    this.#host.emit('connect');
    const requests = this.#restoration();
    this.#restoring = requests.length + 1;
    // Waiting requests go out behind the restoration, and before the client is ready.
    for (const request of [...requests, ...this.#unsent.splice(0)]) this.line.send(request);
    this.#onRestored();
    this.#host.server.run();
  }

  /**
   * Returns the requests that a new connection sends by itself: one command for all names of a kind, but one per sharded
   * channel.
   */
  #restoration(): Request[] {
    return KINDS.flatMap((kind) => {
      const names = [...this.registry.of(kind).keys()];
      const commands = kind === 'shard' || names.length === 0 ? names.map((name) => [name]) : [names];
      return commands.map((list) => this.#restorationOf(kind, list));
    });
  }

  #restorationOf(kind: SubscriptionKind, names: readonly string[]): Request {
    const connection = this.#connection;
    return {
      execute: () => this.#execute('subscribe', kind, names),
      onReply: () => undefined,
      settle: (error) => {
        if (connection !== this.#connection) return;
        if (error) this.disconnect(error, 'reject');
        else this.#onRestored();
      },
    };
  }

  /** Requests queue behind older ones, even at the moment when the client becomes ready. */
  get #canSend(): boolean {
    return this.#isReady && this.#unsent.length === 0;
  }

  #send(request: Request): void {
    if (this.#canSend) this.line.send(request);
    else this.#unsent.push(request);
  }

  #onRestored(): void {
    this.#restoring--;
    if (this.#restoring === 0) this.#connection?.post(() => this.#becomeReady());
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#host.emit('ready');
    for (const request of this.#takeUnsent()) this.line.send(request);
  }

  /** Yields the waiting requests one by one, while the client is ready: each can cause others, or the end of the client. */
  *#takeUnsent(): Iterable<Request> {
    for (let next; this.isReady && (next = this.#unsent.shift());) yield next;
  }

  #openConnection(): void {
    this.#connection = this.#host.server.connect((...message) => this.registry.deliver(...message));
  }

  #closeConnection(): void {
    for (const kind of KINDS) for (const name of this.subscriptions(kind)) this.logs.end(kind, name);
    this.#connection?.close();
    this.#connection = undefined;
    this.#isReady = false;
  }

  #execute(verb: Verb, kind: SubscriptionKind, names: readonly string[] | undefined): Error | undefined {
    const connection = this.#connection;
    if (!connection) return undefined;
    const refusal = verb === 'subscribe' && this.refusalOf(names);
    if (refusal) return refusal;
    for (const name of names?.map(onWire) ?? connection.subscriptions(kind)) {
      const isSubscribed = connection.has(kind, name);
      if (verb === 'subscribe') {
        if (!isSubscribed) this.logs.begin(kind, name);
        connection.subscribe(kind, name);
      } else {
        if (isSubscribed) this.logs.end(kind, name);
        connection.unsubscribe(kind, name);
      }
    }
    return undefined;
  }
}

/** Returns the name as Redis receives it: a surrogate that UTF-8 cannot encode becomes a replacement character. */
export function onWire(name: string): string {
  return Buffer.from(name).toString();
}
