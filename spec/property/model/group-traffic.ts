import { createClient } from 'redis';
import { Receiver, type GroupMessage } from '../../../lib/index.js';
import type { RedisServer } from '../../support/redis-server.js';
import { recountsGroups } from '../../support/recounts-groups.js';
import { until } from '../../support/until.js';

/** Milliseconds: longer than any entry stays in hand. */
const CLAIM_AFTER = 1_000;
const GROUP = 'workers';

const connect = (url: string) => {
  const client = createClient({ url, socket: { reconnectStrategy: () => 5 } });
  client.on('error', () => undefined);
  return client.connect();
};
type Client = Awaited<ReturnType<typeof connect>>;

interface Consumer {
  readonly receiver: Receiver;
  readonly client: Client;
  readonly inHand: GroupMessage<string>[];
}

let rounds = 0;

/** A stream that is read by two slow consumers of a group. Each entry has to be received, or to be counted by a gap. */
export class GroupTraffic implements AsyncDisposable {
  readonly #key = `jobs:${rounds++}`;
  readonly #admin: Client;
  readonly #seesAll: boolean;
  readonly #consumers: Consumer[] = [];
  readonly #received = new Set<string>();
  #added = 0;
  #missing = 0;
  #unknown = 0;

  /** @param seesAll true if the server lets a group find later what a read has passed over */
  private constructor(admin: Client, seesAll: boolean) {
    this.#admin = admin;
    this.#seesAll = seesAll;
  }

  static async start(server: RedisServer): Promise<GroupTraffic> {
    const admin = await connect(server.url);
    const traffic = new GroupTraffic(admin, !(await recountsGroups(admin)));
    for (const prefetch of [1, 5]) await traffic.#join(await connect(server.url), prefetch);
    return traffic;
  }

  /** Adds entries, and trims the stream; in a transaction, before anybody sees them, where that can be told. */
  async add(many: number, keep = Infinity): Promise<void> {
    const multi = this.#admin.multi();
    for (let n = 0; n < many; n++) multi.xAdd(this.#key, '*', { n: String(this.#added++) });
    if (keep !== Infinity) multi.xTrim(this.#key, 'MAXLEN', keep);
    await (this.#seesAll ? multi.exec() : multi.execAsPipeline());
  }

  /** Adds entries one by one, each of which trims the stream. */
  async addEach(many: number, keep: number): Promise<void> {
    // An XADD that keeps nothing is such a transaction, too.
    const threshold = this.#seesAll ? keep : Math.max(1, keep);
    const TRIM = { strategy: 'MAXLEN', threshold } as const;
    const values = Array.from({ length: many }, () => String(this.#added++));
    await Promise.all(values.map((n) => this.#admin.xAdd(this.#key, '*', { n }, { TRIM })));
  }

  async trim(keep: number): Promise<void> {
    await this.#admin.xTrim(this.#key, 'MAXLEN', keep);
  }

  /** Acknowledges what a consumer has in hand. */
  take(index: number): void {
    for (const { ack } of this.#consumers[index]?.inHand.splice(0) ?? []) ack();
  }

  /** Gives the Receivers time for whatever they do: a round trip on a client. */
  async pause(index: number): Promise<void> {
    await this.#consumers[index]?.client.ping().catch(() => undefined);
  }

  async kill(): Promise<void> {
    await this.#admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  }

  /** Lets the consumers take everything. Returns what became of the entries: all of them have to be accounted for. */
  async settle(): Promise<{ added: number; accounted: number; unknown: number }> {
    const accounted = () => this.#received.size + this.#missing;
    await until(() => {
      this.#consumers.forEach((_, index) => this.take(index));
      return accounted() >= this.#added;
    }).catch(() => undefined);
    return { added: this.#added, accounted: accounted(), unknown: this.#unknown };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { receiver, client } of this.#consumers) {
      await receiver.stop();
      client.destroy();
    }
    this.#admin.destroy();
  }

  async #join(client: Client, prefetch: number): Promise<void> {
    const receiver = new Receiver(client);
    const inHand: GroupMessage<string>[] = [];
    this.#consumers.push({ receiver, client, inHand });
    receiver.events.subscribe((event) => {
      if (event.type !== 'gap' || event.gap.cause !== 'log') return;
      this.#missing += event.gap.dropped ?? 0;
      if (event.gap.dropped === undefined) this.#unknown++;
    });
    const options = { group: GROUP, field: 'n', prefetch, claimAfter: CLAIM_AFTER, ack: 'manual' } as const;
    const channel = receiver.stream(this.#key, options);
    channel.subscribe((message) => {
      this.#received.add(message.data);
      inHand.push(message);
    });
    await channel.whenSubscribed();
  }
}
