import { Receiver, recoverable, type Channel, type RecoverablePublisher } from '../../../lib/index.js';
import { clientUnderTest, nodeRedisClient, type ClientUnderTest } from '../../support/client-under-test.js';
import { libraryUnderTest } from '../../support/ioredis-client.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import type { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/until.js';
import { ReceivedNumbers } from './received-numbers.js';

export const NAMES = ['north', 'east', 'south'] as const;
export type Name = (typeof NAMES)[number];

export const CAPACITY = 5;

/** One channel: the numbers published on it, its log, and what a Channel and the Receiver have received. */
class Line {
  readonly name: Name;
  readonly log: string;
  readonly record = new ReceivedNumbers();
  /** The numbers that the consumer of the Receiver has taken. */
  readonly taken: number[] = [];
  published = 0;
  channel!: Channel;
  /** The publications and deletions, in order. */
  work: Promise<unknown> = Promise.resolve();

  constructor(name: Name) {
    this.name = name;
    this.log = `log:{${name}}`;
  }
}

/** Numbered messages on recoverable channels, a Receiver behind a proxy with a small buffer, and a consumer that pulls. */
export class RecoveredTraffic implements AsyncDisposable {
  readonly faults: string[] = [];
  readonly #admin: ClientUnderTest;
  readonly #publishers: readonly RecoverablePublisher[];
  readonly #receiver: Receiver;
  readonly #proxy: TcpProxy;
  readonly #clients: readonly ClientUnderTest[];
  readonly #lines = new Map(NAMES.map((name) => [name, new Line(name)]));
  /** The number of messages that the consumer may take. */
  #allowance = 0;
  #allow: (() => void) | undefined;
  #turn = 0;
  readonly #consuming: Promise<void>;

  private constructor(clients: readonly ClientUnderTest[], receiver: Receiver, proxy: TcpProxy) {
    this.#clients = clients;
    this.#admin = clients[0]!;
    this.#publishers = clients.slice(1, 3).map((client) => recoverable(client));
    this.#receiver = receiver;
    this.#proxy = proxy;
    receiver.events.subscribe((event) => {
      if (event.type === 'overflow' || event.type === 'recovery-error' || event.type === 'unrecoverable')
        this.faults.push(event.type);
      if (event.type !== 'gap') return;
      if (event.gap.cause !== 'log') this.faults.push(`a gap of the cause ${event.gap.cause}`);
      for (const line of this.#lines.values())
        if (event.gap.channels.includes(line.channel)) line.record.miss(event.gap.dropped ?? 'unknown');
    });
    this.#consuming = this.#consume();
  }

  static async start(server: RedisServer, proxy: TcpProxy): Promise<RecoveredTraffic> {
    const socket = { reconnectStrategy: () => 1 };
    const admin = nodeRedisClient({ url: server.url, socket });
    const publishers = [1, 2].map(() => clientUnderTest({ url: server.url, socket }));
    const clients = [admin, ...publishers];
    await Promise.all(clients.map((client) => client.connect()));
    await admin.flushAll();
    const options = { capacity: CAPACITY, overflow: 'replay', autoStop: false } as const;
    let receiver: Receiver;
    if (libraryUnderTest()) {
      const client = await clientUnderTest({ url: proxy.url, socket }).connect();
      clients.push(client);
      receiver = new Receiver(client, options);
    } else receiver = await Receiver.open({ url: proxy.url, socket }, options);
    const traffic = new RecoveredTraffic(clients, receiver, proxy);
    await receiver.connect();
    for (const line of traffic.#lines.values()) {
      await traffic.publish(line.name, 1);
      line.record.begin(1, false);
      traffic.#follow(line);
      await line.channel.whenSubscribed();
    }
    return traffic;
  }

  /** Publishes some messages in one go, after the earlier ones of the channel. */
  publish(name: Name, count: number): Promise<unknown> {
    const line = this.#line(name);
    const publisher = this.#publishers[this.#turn++ % this.#publishers.length]!;
    const send = async () => publisher.publish(name, String(++line.published));
    line.work = line.work.then(() => Promise.all(Array.from({ length: count }, send)));
    return line.work;
  }

  trim(name: Name, keep: number): void {
    void this.#admin.xTrim(this.#line(name).log, 'MAXLEN', keep);
  }

  async removeEntry(name: Name, index: number): Promise<void> {
    const { log } = this.#line(name);
    const entries = (await this.#admin.xRange(log, '-', '+'))!;
    const entry = entries[index % Math.max(1, entries.length)];
    if (entry) await this.#admin.xDel(log, entry.id);
  }

  delete(name: Name): void {
    const { record, log } = this.#line(name);
    record.isDeleted = true;
    void this.#admin.del(log);
  }

  cut(): void {
    this.#proxy.cut();
  }

  cutAfter(bytes: number): void {
    this.#proxy.cutAfter(bytes);
  }

  async kill(kind: 'subscriber' | 'reader'): Promise<void> {
    if (kind === 'subscriber') return void this.#admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    const list = (await this.#admin.sendCommand(['CLIENT', 'LIST'])) as unknown as string;
    for (const [, id] of list.matchAll(/^id=(\d+) .*cmd=(?:xrange|xinfo\|stream) .*$/gm))
      void this.#admin.sendCommand(['CLIENT', 'KILL', 'ID', id!]);
  }

  /** Closes a Channel and registers it anew. */
  addAnew(name: Name): void {
    const line = this.#line(name);
    void line.channel.close();
    const require = line.record.begin(line.record.last, true);
    require(Infinity);
    this.#follow(line);
    line.channel.whenSubscribed().then(
      () => require(line.published),
      () => undefined,
    );
  }

  /** Lets the consumer take some messages. */
  take(count: number): void {
    this.#allowance += count;
    this.#allow?.();
  }

  /** Waits for a reply of the server. */
  async pause(): Promise<void> {
    await this.#admin.ping();
  }

  /** Publishes a last message on each channel, and waits until all of them have arrived. */
  async settle(): Promise<void> {
    const lines = [...this.#lines.values()];
    this.#proxy.cutAfter(Infinity);
    this.take(Infinity);
    await Promise.all(lines.map(({ channel }) => channel.whenSubscribed()));
    await Promise.all(lines.map(({ name }) => this.publish(name, 1)));
    const isDone = ({ taken, record, published }: Line) =>
      record.last === published && taken.at(-1) === published;
    await until(() => lines.every(isDone), { message: 'the last message of each channel' }).catch(
      (error: unknown) => this.faults.push(String(error)),
    );
    for (const { log, record, published, taken, name } of lines) {
      const entries = (await this.#admin.xRange(log, '-', '+'))!;
      const left = entries.map(({ message }) => Number(message.d));
      this.faults.push(...record.faults(left, published).map((fault) => `${name}: ${fault}`));
      if (String(taken) !== String(record.numbers))
        this.faults.push(`${name}: the Receiver has delivered ${String(taken)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.take(Infinity);
    await this.#receiver.stop();
    await this.#consuming;
    for (const client of this.#clients) client.destroy();
  }

  #line(name: Name): Line {
    return this.#lines.get(name)!;
  }

  #follow(line: Line): void {
    const channel = (line.channel = this.#receiver.channel(line.name, { recover: {} }));
    channel.subscribe(({ data }) => {
      if (line.channel !== channel) this.faults.push(`${line.name}: a message after the end`);
      line.record.receive(Number(data));
      if (this.#receiver.stats.buffered > CAPACITY) this.faults.push('too many messages wait');
      if (line.name === 'north' && line.record.last % 5 === 0) void this.publish('east', 1);
    });
  }

  async #consume(): Promise<void> {
    for (;;) {
      while (this.#allowance <= 0) await new Promise<void>((resolve) => (this.#allow = resolve));
      this.#allowance--;
      const message = await this.#receiver.get().catch(() => undefined);
      if (!message) return;
      this.#line(message.channel as Name).taken.push(Number(message.data));
    }
  }
}
