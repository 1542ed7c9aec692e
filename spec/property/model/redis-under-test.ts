import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import type { createClient } from 'redis';
import type { ChannelKind } from '../../../lib/channel-kind.js';
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
 * What may happen to a connection and its subscriptions. A chunk `cutAfter` so many bytes takes the connection with it.
 * `'unsubscribe'`, of a name, of all names of its kind, or raw: other code does it on the same client. `'move'`: the server
 * sends the client elsewhere. `'throw'`: a listener of other code throws at the client's reader. `'garble'`: bytes come that do
 * not parse. `'forbid'`: the user may not subscribe the name any more.
 */
/**
 * `'shared'`: other code unsubscribes on the same client; `'stormy'`: connections are killed, too; `'wild'`: whatever may happen
 * on a network does, and readers break; `'moving'`: the server sends the client elsewhere; `'forbidding'`: names are refused for
 * some time.
 */
export type FaultLevel = 'calm' | 'shared' | 'stormy' | 'wild' | 'moving' | 'forbidding';

export type Fault =
  | { readonly do: 'kill' | 'reset' | 'move' | 'throw' | 'garble' }
  | { readonly do: 'unsubscribe'; readonly how: 'name' | 'all' | 'raw'; readonly subject: Subject }
  | { readonly do: 'forbid' | 'permit'; readonly subject: Subject }
  | { readonly do: 'cutAfter' | 'split'; readonly bytes: number; readonly direction: Direction }
  | { readonly do: 'hold' | 'swallow' | 'release'; readonly direction: Direction };

/** Where a world plays: the client of its Receivers, and the servers behind it. */
export interface RedisUnderTest {
  readonly client: PubSubClient;
  /** That of the Receivers, in milliseconds: 0 where everything has to be noticed without one. */
  readonly heartbeat: number;
  /** What comes over one connection comes in order: names the connection of a `kind "name"`. */
  connectionOf(key: string): string;
  /** Resolves when Redis has it, and those before it. */
  publish(target: Target, data: string): Promise<unknown>;
  /** Resolves when all that was published has come to the client. */
  fence(): Promise<unknown>;
  /** What Redis counts for the subjects. */
  counts(): Promise<Counts>;
  suffer(fault: Fault): Promise<void> | void;
  /** The network is well again, and nothing is forbidden; a connection that was half open, or out of step, is found dead. */
  mend(): Promise<void> | void;
  /** What the client still has of the subjects. */
  remains(): readonly string[];
  /** Whether the Receivers' subscriptions are on the client's own connection, within reach of other code. */
  readonly isShared: boolean;
  /** Whether the client would hand on what comes for a subject. */
  isListening(subject: Subject): boolean;
  listeners(): string;
}

export function namesOf(kind: ChannelKind): string[] {
  return SUBJECTS.filter((subject) => subject.kind === kind).map(({ name }) => name);
}

/** The user of a client that is to be forbidden something. */
export const USER = { username: 'limited', password: 'secret' };

/** What does not parse. */
export const GARBAGE = '?\r\n';

/** A channel of other code on the client, whose listener throws. */
const TRAP = 'trap';
/** node-redis publishes it when a client has changed its socket. */
export const HANDOFF = 'node-redis:connection:handoff';

/** The rules of an ACL that allows the subjects without these, each a `kind name`. */
export function rulesWithout(forbidden: ReadonlySet<string>): string[] {
  const allowed = SUBJECTS.filter(({ kind, name }) => !forbidden.has(`${kind} ${name}`));
  return ['resetchannels', ...new Set(allowed.map(({ name }) => `&${name}`))];
}

export interface ServerSiteOptions {
  readonly client: Client;
  /** Another client on the same server. */
  readonly control: Client;
  /** Through which the client reaches the server. */
  readonly proxy?: TcpProxy | undefined;
}

/** One server, with one client on it and another that controls it. */
export class ServerUnderTest implements RedisUnderTest {
  readonly client: PubSubClient;
  readonly heartbeat = 0;
  readonly isShared = true;
  readonly #client: Client;
  readonly #control: Client;
  readonly #proxy: TcpProxy | undefined;
  readonly #forbidden = new Set<string>();
  readonly #throw = (): void => {
    // While the client connects it would lose the answers that it waits for, and wait for ever.
    if (this.#client.isReady) throw new Error('by a listener of other code');
  };
  #isHalfOpen = false;
  /** Answers are lost, or go to the wrong commands: node-redis does not know the answer to a raw UNSUBSCRIBE. */
  #isOutOfStep = false;
  #rawCommands = 0;
  #springing: Promise<unknown> = Promise.resolve();
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

  /** Again on the next connection where the client has yet to find that this one is dead. */
  fence(): Promise<unknown> {
    const ping = () => this.#client.ping().then(Boolean, () => false);
    return until(ping, { message: 'the answer to PING' });
  }

  async counts(): Promise<Counts> {
    const [channels, patterns, shards] = await Promise.all([
      this.#control.pubSubNumSub(namesOf('channel')),
      this.#control.pubSubNumPat(),
      this.#control.pubSubShardNumSub(namesOf('shard')),
    ]);
    return { channels, patterns, shards };
  }

  async suffer(fault: Fault): Promise<void> {
    switch (fault.do) {
      case 'kill':
        await this.#kill();
        break;
      case 'unsubscribe':
        this.#unsubscribe(fault.how, fault.subject);
        break;
      case 'throw':
        this.#spring();
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

  async mend(): Promise<void> {
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
    if (this.#isOutOfStep) await this.#fallInStep();
    await this.#moving;
  }

  /** Ends connections until no raw command is left that would be sent on the next. */
  async #fallInStep(): Promise<void> {
    await this.#springing;
    do {
      await until(() => this.#client.isReady);
      // A client writes a moment later what it is asked for.
      await turn();
      await turn();
      const { socketEpoch } = this.#client;
      this.#network.cut();
      await until(() => this.#client.socketEpoch > socketEpoch);
    } while (this.#rawCommands > 0);
    this.#isOutOfStep = false;
  }

  get #network(): TcpProxy {
    if (!this.#proxy) throw new Error('There is no network before the server.');
    return this.#proxy;
  }

  /** Does what other code might do that has the client, too. */
  #unsubscribe(how: 'name' | 'all' | 'raw', { kind, name }: Subject): void {
    const client = this.#client;
    const method = COMMANDS[kind].unsubscribe;
    // node-redis takes the empty name for all names.
    const names = name === '' ? [name] : name;
    let done: Promise<unknown>;
    if (how === 'name') done = client[method](names);
    else if (how === 'all') done = client[method]();
    else done = client.sendCommand([method.toUpperCase(), name]);
    if (how === 'raw') {
      this.#isOutOfStep = true;
      this.#rawCommands++;
    }
    const settled = () => {
      if (how === 'raw') this.#rawCommands--;
    };
    done.then(settled, settled);
  }

  #spring(): void {
    this.#client.subscribe(TRAP, this.#throw).catch(() => undefined);
    this.#springing = this.#control.publish(TRAP, '');
    this.#isOutOfStep = true;
  }

  /** Not while the client connects: it would lose the answers that it waits for, and wait for ever. */
  #garble(): void {
    if (!this.#client.isReady) return;
    this.#network.inject(GARBAGE);
    this.#isOutOfStep = true;
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

  /** Ends one connection or the other, and not that which asks for it. */
  async #kill(): Promise<void> {
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
  }

  remains(): readonly string[] {
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
