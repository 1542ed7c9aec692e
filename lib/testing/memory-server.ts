import type { SchedulerLike } from 'rxjs';
import { compileGlob } from '../glob.js';
import { BlockedReads } from './blocked-reads.js';
import { MemoryGroups } from './memory-groups.js';
import { MemoryKeyspace } from './memory-keyspace.js';
import type { SubscriptionKind } from '../channel-kind.js';

/** Callback that delivers a message to one client; `name` is the channel or glob that the client subscribed. */
export type Receive = (kind: SubscriptionKind, name: string, channel: string, payload: Buffer) => void;

interface Subscription {
  readonly matches: (name: Uint8Array) => boolean;
  /** Position among the patterns that match a message. */
  readonly rank: number;
}

const ALWAYS: Subscription = { matches: () => true, rank: 0 };

/** Redis, as far as Pub/Sub and logs go: the subscriptions, the receivers of a message, in order, and the keys. */
export class MemoryServer {
  readonly keys: MemoryKeyspace;
  readonly groups: MemoryGroups;
  /** Commands that wait for a change of a key. */
  readonly blocked: BlockedReads;
  /** Keys that Redis refuses to all clients. */
  readonly forbiddenKeys = new Set<string>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #line: (() => void)[] = [];
  #isRunning = false;

  constructor(scheduler: SchedulerLike) {
    this.blocked = new BlockedReads(scheduler);
    this.keys = new MemoryKeyspace(
      () => scheduler.now(),
      (key) => this.blocked.change(key),
    );
    this.groups = new MemoryGroups(this.keys);
  }

  /** Executes a command, and replies to the blocked commands that it wakes. */
  execute<T>(command: () => T): T {
    try {
      return command();
    } finally {
      this.blocked.serve();
    }
  }

  connect(receive: Receive): MemoryConnection {
    const connection = new MemoryConnection(this, receive, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /**
   * Publishes a message. Returns the number of receivers as Redis counts them: a client once for the channel, and once for
   * each pattern.
   */
  publish(channel: string, payload: Buffer): number {
    const name = Buffer.from(channel);
    const connections = [...this.#connections];
    const direct = connections.map((connection) => connection.send('channel', channel, channel, payload));
    const matching = connections.flatMap((connection) =>
      connection.patternsFor(name).map((glob) => connection.send('pattern', glob, channel, payload)),
    );
    return this.#count([...direct, ...matching]);
  }

  sPublish(channel: string, payload: Buffer): number {
    return this.#count(
      [...this.#connections].map((connection) => connection.send('shard', channel, channel, payload)),
    );
  }

  /**
   * Adds work to the line. All traffic from Redis to its clients has one order: work that a running listener causes comes
   * after all earlier work.
   */
  post(work: () => void): void {
    this.#line.push(work);
  }

  /** Does the work in the line. An error ends the work that threw it; the first error is thrown again at the end. */
  run(): void {
    if (this.#isRunning) return;
    const errors: unknown[] = [];
    this.#isRunning = true;
    for (let work = this.#line.shift(); work; work = this.#line.shift()) {
      try {
        work();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#isRunning = false;
    if (errors.length > 0) throw errors[0];
  }

  #count(sent: readonly boolean[]): number {
    this.run();
    return sent.filter(Boolean).length;
  }
}

/** Connection of one client to a {@link MemoryServer}, with its subscriptions. */
export class MemoryConnection {
  readonly #server: MemoryServer;
  readonly #receive: Receive;
  readonly #leave: () => void;
  readonly #subscriptions: Readonly<Record<SubscriptionKind, Map<string, Subscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  #isOpen = true;

  constructor(server: MemoryServer, receive: Receive, leave: () => void) {
    this.#server = server;
    this.#receive = receive;
    this.#leave = leave;
  }

  subscriptions(kind: SubscriptionKind): string[] {
    return [...this.#subscriptions[kind].keys()];
  }

  has(kind: SubscriptionKind, name: string): boolean {
    return this.#subscriptions[kind].has(name);
  }

  subscribe(kind: SubscriptionKind, name: string): void {
    const subscription = kind === 'pattern' ? { matches: compileGlob(name), rank: hashOf(name) } : ALWAYS;
    this.#subscriptions[kind].set(name, subscription);
  }

  unsubscribe(kind: SubscriptionKind, name: string): void {
    this.#subscriptions[kind].delete(name);
  }

  /**
   * Returns the patterns that match, in the order of a hash. Redis keeps patterns in a hash table, so code that relies on
   * the order of subscription has to fail here too.
   */
  patternsFor(channel: Uint8Array): string[] {
    return [...this.#subscriptions.pattern]
      .filter(([, { matches }]) => matches(channel))
      .sort(([, a], [, b]) => a.rank - b.rank)
      .map(([glob]) => glob);
  }

  /** Sends a copy of a message to the subscription with this name. Returns false if there is none. */
  send(kind: SubscriptionKind, name: string, channel: string, payload: Buffer): boolean {
    if (!this.has(kind, name)) return false;
    const copy = Buffer.from(payload);
    this.post(() => this.#receive(kind, name, channel, copy));
    return true;
  }

  /**
   * Adds work to do when everything on its way to this client has arrived; never done if the connection is closed before.
   */
  post(work: () => void): void {
    this.#server.post(() => {
      if (this.#isOpen) work();
    });
  }

  close(): void {
    this.#isOpen = false;
    this.#leave();
  }
}

/** Returns the FNV-1a hash of a name, which is the same in each run. Redis's own hash is not: it has a random seed. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
