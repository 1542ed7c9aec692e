import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import type { createClient } from 'redis';
import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import { COMMANDS, type PubSubClient } from '../../../lib/hub/client.js';
import { SUBJECTS, type Subject, type Target } from './subjects.js';
import type { Direction, TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

type Client = ReturnType<typeof createClient>;

export interface Counts {
  readonly channels: Readonly<Record<string, number>>;
  readonly patterns: number;
  readonly shards: Readonly<Record<string, number>>;
}

/**
 * The faults that a scenario injects. `'none'`: none. `'unsubscribes'`: other code unsubscribes on the same client. `'kills'`:
 * connections are killed, too. `'network'`: all faults of a network, and errors in the client's reader. `'moves'`: the server
 * moves the client to another address. `'refusals'`: Redis refuses names for some time.
 */
export type FaultLevel = 'none' | 'unsubscribes' | 'kills' | 'network' | 'moves' | 'refusals';

/**
 * A fault of a connection and its subscriptions. `'unsubscribe'`: other code unsubscribes on the same client, a name, all names
 * of its kind, or by a raw command. `'move'`: the server moves the client to another address. `'throw'`: a listener of other
 * code throws inside the client's reader. `'garble'`: the client receives invalid bytes. `'cutAfter'`: the connection ends after
 * so many bytes. `'forbid'`: the user may no longer subscribe the name.
 */
export type Fault =
  | { readonly do: 'kill' | 'reset' | 'move' | 'throw' | 'garble' }
  | { readonly do: 'unsubscribe'; readonly how: 'name' | 'all' | 'raw'; readonly subject: Subject }
  | { readonly do: 'forbid' | 'permit'; readonly subject: Subject }
  | { readonly do: 'cutAfter' | 'split'; readonly bytes: number; readonly direction: Direction }
  | { readonly do: 'hold' | 'swallow' | 'release'; readonly direction: Direction };

/** A client with Receivers, and the servers behind it. */
export interface RedisUnderTest {
  readonly client: PubSubClient;
  /** The heartbeat of the Receivers, in milliseconds; 0 where they have to detect every fault without one. */
  readonly heartbeat: number;
  /** Returns a name for the connection that carries a `kind "name"`; messages on one connection arrive in order. */
  connectionOf(key: string): string;
  /** Publishes a message; resolves when Redis has received it, after all earlier ones. */
  publish(target: Target, data: string): Promise<unknown>;
  /** Resolves when every published message has reached the client. */
  fence(): Promise<unknown>;
  /** Returns the counts of Redis for the subjects. */
  counts(): Promise<Counts>;
  applyFault(fault: Fault): Promise<void> | void;
  /**
   * Removes all faults: repairs the network, permits all names, and ends each connection that is half-open or out of
   * sync.
   */
  removeFaults(): Promise<void> | void;
  /** Returns the subscriptions that are left in the client. */
  remainingSubscriptions(): readonly string[];
  /** True if the Receivers subscribe on the client's own connection, where other code can unsubscribe them. */
  readonly isShared: boolean;
  /** Returns whether the client has a listener for a subject. */
  isListening(subject: Subject): boolean;
  listeners(): string;
}

export function namesOf(kind: SubscriptionKind): string[] {
  return SUBJECTS.filter((subject) => subject.kind === kind).map(({ name }) => name);
}

/** The user of a client whose subscriptions can be refused. */
export const USER = { username: 'limited', password: 'secret' };

/** Bytes that are not valid RESP. */
export const GARBAGE = '?\r\n';

/** A channel that other code on the client subscribes with a listener that throws. */
const TRAP = 'trap';
/** The diagnostics channel on which node-redis reports that a client has changed its socket. */
export const HANDOFF = 'node-redis:connection:handoff';

/** Returns the ACL rules that allow all subjects except these, each a `kind name`. */
export function rulesWithout(forbidden: ReadonlySet<string>): string[] {
  const allowed = SUBJECTS.filter(({ kind, name }) => !forbidden.has(`${kind} ${name}`));
  return ['resetchannels', ...new Set(allowed.map(({ name }) => `&${name}`))];
}

/** The members that the clients of ioredis have in place of methods of node-redis. */
interface OtherCode {
  readonly unsubscribeAsOthers?: (command: string, names: readonly string[]) => Promise<unknown>;
  readonly epoch?: () => number;
}

export interface ServerSiteOptions {
  readonly client: Client;
  /** A second client on the same server. */
  readonly control: Client;
  /** The proxy through which the client reaches the server. */
  readonly proxy?: TcpProxy | undefined;
}

/** One server, with the client under test and a second client that controls it. */
export class ServerUnderTest implements RedisUnderTest {
  readonly client: PubSubClient;
  readonly heartbeat = 0;
  readonly isShared = true;
  readonly #client: Client;
  readonly #control: Client;
  readonly #proxy: TcpProxy | undefined;
  readonly #forbidden = new Set<string>();
  readonly #throw = (): void => {
    // An error thrown while the client connects would make it lose the replies that it waits for.
    if (this.#client.isReady) throw new Error('thrown by a listener of other code');
  };
  #isHalfOpen = false;
  /**
   * Set when replies may be lost or go to the wrong commands: node-redis cannot match the reply to a raw UNSUBSCRIBE.
   */
  #isOutOfSync = false;
  #rawCommands = 0;
  #trapPublished: Promise<unknown> = Promise.resolve();
  #moving: Promise<void> | undefined;

  constructor({ client, control, proxy }: ServerSiteOptions) {
    this.client = client;
    this.#client = client;
    this.#control = control;
    this.#proxy = proxy;
  }

  connectionOf(): string {
    return '';
  }

  publish({ kind, name }: Target, data: string): Promise<unknown> {
    return kind === 'shard' ? this.#control.sPublish(name, data) : this.#control.publish(name, data);
  }

  /** Pings until a reply arrives: the client may have yet to detect that its connection is dead. */
  fence(): Promise<unknown> {
    const ping = () => this.#client.ping().then(Boolean, () => false);
    return until(ping, { message: 'the reply to PING' });
  }

  async counts(): Promise<Counts> {
    const [channels, patterns, shards] = await Promise.all([
      this.#control.pubSubNumSub(namesOf('channel')),
      this.#control.pubSubNumPat(),
      this.#control.pubSubShardNumSub(namesOf('shard')),
    ]);
    return { channels, patterns, shards };
  }

  async applyFault(fault: Fault): Promise<void> {
    switch (fault.do) {
      case 'kill':
        await this.#kill();
        break;
      case 'unsubscribe':
        this.#unsubscribe(fault.how, fault.subject);
        break;
      case 'throw':
        this.#throwInListener();
        break;
      case 'forbid':
      case 'permit':
        await this.#forbid(fault.do === 'forbid', fault.subject);
        break;
      case 'garble':
        this.#garble();
        break;
      case 'move':
        this.#move();
        break;
      case 'reset':
        this.#network.cut();
        break;
      case 'cutAfter':
        this.#network.cutAfter(fault.bytes, fault.direction);
        break;
      case 'split':
        this.#network.splitNext(fault.bytes, fault.direction);
        break;
      case 'swallow':
        this.#isHalfOpen = true;
        this.#network.swallow(fault.direction);
        break;
      case 'hold':
      case 'release':
        this.#network[fault.do](fault.direction);
        break;
    }
  }

  async removeFaults(): Promise<void> {
    if (this.#forbidden.size > 0) {
      this.#forbidden.clear();
      await this.#control.aclSetUser(USER.username, 'allchannels');
    }
    for (const direction of ['to-server', 'to-client'] as const) {
      this.#proxy?.cutAfter(Infinity, direction);
      this.#proxy?.release(direction);
    }
    if (this.#isHalfOpen) this.#proxy?.cut();
    this.#isHalfOpen = false;
    if (this.#isOutOfSync) await this.#resynchronize();
    await this.#moving;
  }

  /** Ends connections until no raw command is left that the next connection would send. */
  async #resynchronize(): Promise<void> {
    await this.#trapPublished;
    do {
      await until(() => this.#client.isReady);
      // The client writes its commands one turn later.
      await turn();
      await turn();
      const epoch = this.#epoch;
      this.#network.cut();
      await until(() => this.#epoch > epoch);
    } while (this.#rawCommands > 0);
    this.#isOutOfSync = false;
  }

  /** The number of the connection. */
  get #epoch(): number {
    return (this.#client as Client & OtherCode).epoch?.() ?? this.#client.socketEpoch;
  }

  get #network(): TcpProxy {
    if (!this.#proxy) throw new Error('This fault needs a proxy in front of the server.');
    return this.#proxy;
  }

  /** Unsubscribes as other code on the same client does. */
  #unsubscribe(how: 'name' | 'all' | 'raw', { kind, name }: Subject): void {
    const client = this.#client as Client & OtherCode;
    const method = COMMANDS[kind].unsubscribe;
    if (client.unsubscribeAsOthers) {
      const names = how === 'all' ? namesOf(kind) : [name];
      client.unsubscribeAsOthers(method.toLowerCase(), names).catch(() => undefined);
      return;
    }
    // node-redis takes the empty name for all names.
    const names = name === '' ? [name] : name;
    let done: Promise<unknown>;
    if (how === 'name') done = client[method](names);
    else if (how === 'all') done = client[method]();
    else done = client.sendCommand([method.toUpperCase(), name]);
    if (how === 'raw') {
      this.#isOutOfSync = true;
      this.#rawCommands++;
    }
    const settled = () => {
      if (how === 'raw') this.#rawCommands--;
    };
    done.then(settled, settled);
  }

  #throwInListener(): void {
    // An error thrown by a listener of ioredis ends the process.
    if ((this.#client as Client & OtherCode).unsubscribeAsOthers) return;
    this.#client.subscribe(TRAP, this.#throw).catch(() => undefined);
    this.#trapPublished = this.#control.publish(TRAP, '');
    this.#isOutOfSync = true;
  }

  /** Sends invalid bytes to the client; not while it connects, because it would lose the replies that it waits for. */
  #garble(): void {
    if (!this.#client.isReady) return;
    this.#network.inject(GARBAGE);
    this.#isOutOfSync = true;
  }

  #move(): void {
    if (this.#moving) return;
    const address = `127.0.0.1:${String(this.#network.port)}`;
    this.#moving = new Promise((resolve) => {
      const onMoved = () => {
        unsubscribe(HANDOFF, onMoved);
        this.#moving = undefined;
        resolve();
      };
      subscribe(HANDOFF, onMoved);
    });
    this.#network.inject(`>4\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n$${String(address.length)}\r\n${address}\r\n`);
  }

  async #forbid(isForbidden: boolean, subject: Subject): Promise<void> {
    const name = `${subject.kind} ${subject.name}`;
    if (isForbidden) this.#forbidden.add(name);
    else this.#forbidden.delete(name);
    await this.#control.aclSetUser(USER.username, rulesWithout(this.#forbidden));
  }

  /** Kills the client's connection, of either type; Redis spares the connection that asks. */
  async #kill(): Promise<void> {
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
  }

  remainingSubscriptions(): readonly string[] {
    return (['CHANNELS', 'PATTERNS', 'SHARDED'] as const).flatMap((type) =>
      [...this.#client.getPubSubListeners(type).keys()]
        .filter((name) => name !== TRAP)
        .map((name) => `${type} ${name}`),
    );
  }

  isListening({ kind, name }: Subject): boolean {
    const listeners = this.#client.getPubSubListeners(COMMANDS[kind].type).get(name);
    return listeners !== undefined && listeners.strings.size + listeners.buffers.size > 0;
  }

  listeners(): string {
    const count = (event: string | symbol): string =>
      `${String(event)}: ${this.#client.listenerCount(event)}`;
    return this.#client.eventNames().map(count).join(', ');
  }
}
