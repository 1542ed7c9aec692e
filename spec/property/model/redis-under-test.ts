import type { createClient } from 'redis';
import type { ChannelKind } from '../../../lib/channel-kind.js';
import type { PubSubClient } from '../../../lib/hub/client.js';
import { SUBJECTS, type Target } from './subjects.js';
import type { Direction, TcpProxy } from '../../support/tcp-proxy.js';

type Client = ReturnType<typeof createClient>;

export interface Counts {
  readonly channels: Readonly<Record<string, number>>;
  readonly patterns: number;
  readonly shards: Readonly<Record<string, number>>;
}

/** What may happen to a connection. A chunk `cutAfter` so many bytes takes the connection with it. */
export type Fault =
  | { readonly do: 'kill' }
  | { readonly do: 'reset' }
  | { readonly do: 'cutAfter' | 'split'; readonly bytes: number; readonly direction: Direction }
  | { readonly do: 'hold' | 'swallow' | 'release'; readonly direction: Direction };

/** Where a world plays: the client of its Receivers, and the servers behind it. */
export interface RedisUnderTest {
  readonly client: PubSubClient;
  /** What comes over one connection comes in order: names the connection of a `kind "name"`. */
  connectionOf(key: string): string;
  /** Resolves when Redis has it, and those before it. */
  publish(target: Target, data: string): Promise<unknown>;
  /** Resolves when all that was published has come to the client. */
  fence(): Promise<unknown>;
  /** What Redis counts for the subjects. */
  counts(): Promise<Counts>;
  suffer(fault: Fault): Promise<void> | void;
  /** The network is well again; a connection that was half open is found dead. */
  mend(): void;
  /** What the client still has of the subjects. */
  remains(): readonly string[];
  listeners(): string;
}

export function namesOf(kind: ChannelKind): string[] {
  return SUBJECTS.filter((subject) => subject.kind === kind).map(({ name }) => name);
}

/** One server, with one client on it and another that controls it. */
export class ServerUnderTest implements RedisUnderTest {
  readonly client: PubSubClient;
  readonly #client: Client;
  readonly #control: Client;
  readonly #proxy: TcpProxy | undefined;
  #isHalfOpen = false;

  /** `proxy`: through which the client reaches the server. */
  constructor(client: Client, control: Client, proxy?: TcpProxy) {
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

  fence(): Promise<unknown> {
    return this.#client.ping();
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
    const proxy = this.#proxy;
    if (!proxy || fault.do === 'kill') await this.#kill();
    else if (fault.do === 'reset') proxy.cut();
    else if (fault.do === 'cutAfter') proxy.cutAfter(fault.bytes, fault.direction);
    else if (fault.do === 'split') proxy.splitNext(fault.bytes, fault.direction);
    else proxy[fault.do](fault.direction);
    if (fault.do === 'swallow') this.#isHalfOpen = true;
  }

  mend(): void {
    if (!this.#proxy) return;
    for (const direction of ['to-server', 'to-client'] as const) {
      this.#proxy.cutAfter(Infinity, direction);
      this.#proxy.release(direction);
    }
    if (this.#isHalfOpen) this.#proxy.cut();
    this.#isHalfOpen = false;
  }

  /** Ends one connection or the other, and not that which asks for it. */
  async #kill(): Promise<void> {
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
  }

  remains(): readonly string[] {
    return (['CHANNELS', 'PATTERNS', 'SHARDED'] as const).flatMap((type) =>
      [...this.#client.getPubSubListeners(type).keys()].map((name) => `${type} ${name}`),
    );
  }

  listeners(): string {
    const count = (event: string | symbol): string =>
      `${String(event)}: ${this.#client.listenerCount(event)}`;
    return this.#client.eventNames().map(count).join(', ');
  }
}
