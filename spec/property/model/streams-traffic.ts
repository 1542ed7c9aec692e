import { Receiver, type Channel } from '../../../lib/index.js';
import { until } from '../../support/until.js';
import type { SiteClient, StreamsSite } from './streams-sites.js';

export const KEYS = ['a', 'b'] as const;
export type Key = (typeof KEYS)[number];

const CAPACITY = 16;
/** The part of the queue that entries fill. */
const MOST_BUFFERED = 12;
const LONG_WAIT = { timeout: 20_000 };

/** A stream from its creation to its deletion. */
interface Life {
  readonly received: Set<number>;
  added: number;
  /** Entries that gaps have told with their number. */
  missing: number;
  /** Ids of the entries that Redis has, by value. */
  readonly present: Map<number, string>;
}

interface Model {
  readonly key: Key;
  readonly name: string;
  readonly lives: Life[];
  /** Value of the last entry that was received. */
  last: number;
  /** Gaps without a number: one at the end of each life. */
  unknown: number;
}

let rounds = 0;

/**
 * Streams with known contents, and a Receiver that pulls their entries slowly. Each entry has to come once and in order, or to
 * be counted by a gap; the end of a stream is a gap without a number.
 */
export class StreamsTraffic implements AsyncDisposable {
  readonly faults: string[] = [];
  readonly #site: StreamsSite;
  readonly #client: SiteClient;
  readonly #receiver: Receiver;
  readonly #models: readonly Model[];
  readonly #owners = new Map<number, { readonly model: Model; readonly life: Life }>();
  #values = 0;

  private constructor(site: StreamsSite, client: SiteClient) {
    this.#site = site;
    this.#client = client;
    rounds++;
    this.#models = KEYS.map((key) => {
      return { key, name: `${rounds}:${key}`, lives: [newLife()], last: 0, unknown: 0 };
    });
    this.#receiver = new Receiver(client, { capacity: CAPACITY, heartbeat: site.heartbeat });
  }

  static async start(site: StreamsSite): Promise<StreamsTraffic> {
    const traffic = new StreamsTraffic(site, await site.connect());
    await traffic.#connect();
    return traffic;
  }

  /** Adds entries in a transaction, which may trim the stream before anybody sees them. */
  async add(key: Key, many: number, keep = Infinity): Promise<void> {
    const { name } = this.#model(key);
    const life = this.#life(key);
    const multi = (await this.#site.writer(name)).multi();
    const values = this.#newValues(key, many);
    for (const value of values) multi.xAdd(name, '*', { n: String(value) });
    if (keep !== Infinity) multi.xTrim(name, 'MAXLEN', keep);
    keepIds(life, values, await multi.exec());
    forget(life, keep);
  }

  async trim(key: Key, keep: number): Promise<void> {
    const { name } = this.#model(key);
    const life = this.#life(key);
    await (await this.#site.writer(name)).xTrim(name, 'MAXLEN', keep);
    forget(life, keep);
  }

  async remove(key: Key, index: number): Promise<void> {
    const { name } = this.#model(key);
    const life = this.#life(key);
    const entry = [...life.present][index % Math.max(1, life.present.size)];
    if (!entry) return;
    await (await this.#site.writer(name)).xDel(name, entry[1]);
    life.present.delete(entry[0]);
  }

  /** Deletes a stream, and creates it anew at once with so many entries. */
  async deleteAndAdd(key: Key, many: number): Promise<void> {
    const model = this.#model(key);
    if (lifeOf(model).added === 0) return;
    await this.#untilNoticed(model);
    endLife(model);
    const values = this.#newValues(key, many);
    const multi = (await this.#site.writer(model.name)).multi().del(model.name);
    for (const value of values) multi.xAdd(model.name, '*', { n: String(value) });
    const [, ...ids] = await multi.exec();
    keepIds(lifeOf(model), values, ids);
    await this.#untilTold(model);
  }

  /** Restarts the server, which loses its data. */
  async restart(): Promise<void> {
    const known = this.#models.filter((model) => lifeOf(model).added > 0);
    for (const model of known) await this.#untilNoticed(model);
    for (const model of known) endLife(model);
    await this.#site.restart?.();
    for (const model of known) await this.#untilTold(model);
  }

  /** Takes messages while there are some. */
  async take(many: number): Promise<void> {
    for (let taken = 0; taken < many && this.#receiver.stats.buffered > 0; taken++) {
      const message = await this.#receiver.get();
      if (message) this.#onEntry(Number(message.data));
    }
  }

  /**
   * Makes a replica the master. It may lack the last entries, which the Receiver has received ('seen'), or has no room for
   * ('unseen'): only the first ones are a gap.
   */
  async failOver(key: Key, lost: 'nothing' | 'seen' | 'unseen', isKilled: boolean): Promise<void> {
    const model = this.#model(key);
    if (lost === 'nothing') return this.#site.failOver?.(model.name, isKilled);
    for (const one of this.#models) await this.#untilAccounted(one);
    if (lost === 'unseen') {
      await this.add(key, 2 * CAPACITY);
      await until(() => this.#receiver.stats.buffered >= MOST_BUFFERED);
    }
    const before = copyOf(lifeOf(model));
    await this.#site.failOver?.(model.name, isKilled, async () => {
      await this.add(key, 3);
      if (lost === 'seen') await this.#untilAccounted(model);
    });
    if (lost === 'unseen') return void Object.assign(lifeOf(model), before);
    lifeOf(model).present.clear();
    const { present } = before;
    model.lives.push({ present, received: new Set(present.keys()), added: present.size, missing: 0 });
    await this.#untilTold(model);
  }

  /** Gives the Receiver time for whatever it does: a round trip. */
  async pause(): Promise<void> {
    await this.#site.pause(this.#client);
  }

  async kill(): Promise<void> {
    await this.#site.kill();
  }

  cut(): void {
    this.#site.proxy?.cut();
  }

  cutAfter(bytes: number): void {
    this.#site.proxy?.cutAfter(bytes);
  }

  /** Takes everything, and waits until each entry has come or is told. */
  async settle(): Promise<void> {
    this.cutAfter(Infinity);
    for (const model of this.#models) await this.#untilAccounted(model);
    for (const { key, lives, unknown } of this.#models) {
      const life = lives.at(-1)!;
      const missed = [...life.present.keys()].filter((value) => !life.received.has(value));
      if (missed.length > 0)
        this.faults.push(`${key}: entries that Redis has did not come: ${missed.join()}`);
      if (lives.some((one) => accounted(one) > one.added))
        this.faults.push(`${key}: more is missing than was added`);
      const ended = lives.length - 1;
      if (unknown !== ended) this.faults.push(`${key}: ${unknown} gaps without a number, ${ended} deletions`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver.stop();
    await this.#client.destroy();
  }

  async #connect(): Promise<void> {
    for (const { name } of this.#models) this.#receiver.stream(name, { field: 'n', from: 'start', batch: 8 });
    this.#receiver.events.subscribe((event) => {
      if (event.type !== 'gap' || event.gap.cause !== 'log') return;
      for (const channel of event.gap.channels) this.#onGap(channel, event.gap.dropped);
    });
    await this.#receiver.connect();
  }

  #model(key: Key): Model {
    return this.#models.find((model) => model.key === key)!;
  }

  #life(key: Key): Life {
    return lifeOf(this.#model(key));
  }

  #newValues(key: Key, many: number): number[] {
    const model = this.#model(key);
    const life = this.#life(key);
    const values = Array.from({ length: many }, () => ++this.#values);
    for (const value of values) this.#owners.set(value, { model, life });
    life.added += many;
    return values;
  }

  #onEntry(value: number): void {
    const { model, life } = this.#owners.get(value)!;
    if (value <= model.last) this.faults.push(`${model.key}: ${value} came after ${model.last}`);
    model.last = value;
    life.received.add(value);
  }

  #onGap({ name }: Channel<unknown>, dropped: number | undefined): void {
    const model = this.#models.find((one) => one.name === name)!;
    if (dropped === undefined) model.unknown++;
    else model.lives[model.unknown]!.missing += dropped;
  }

  /** Nobody can know that a stream was replaced of which nothing has been seen. */
  #untilNoticed(model: Model): Promise<void> {
    return this.#until(model, 'see the stream', () => accounted(lifeOf(model)) > 0);
  }

  #untilAccounted(model: Model): Promise<void> {
    return this.#until(model, 'settle', () => accounted(lifeOf(model)) >= lifeOf(model).added);
  }

  #untilTold(model: Model): Promise<void> {
    return this.#until(model, 'tell the deletion', () => model.unknown >= model.lives.length - 1);
  }

  async #until(model: Model, what: string, isReached: () => boolean): Promise<void> {
    const condition = async () => {
      await this.take(Infinity);
      return isReached();
    };
    await until(condition, LONG_WAIT).catch(() => {
      const { lives, unknown } = model;
      const { added, received, missing } = lifeOf(model);
      const state = { added, received: received.size, missing, unknown, lives: lives.length };
      this.faults.push(`${model.key} does not ${what}: ${JSON.stringify(state)}`);
    });
  }
}

function newLife(): Life {
  return { added: 0, received: new Set(), missing: 0, present: new Map() };
}

function copyOf({ received, added, missing, present }: Life): Life {
  return { received, added, missing, present: new Map(present) };
}

function endLife({ lives }: Model): void {
  lives.push(newLife());
}

function lifeOf({ lives }: Model): Life {
  return lives.at(-1)!;
}

function accounted({ received, missing }: Life): number {
  return received.size + missing;
}

function keepIds({ present }: Life, values: readonly number[], ids: readonly unknown[]): void {
  for (const [index, value] of values.entries()) present.set(value, String(ids[index]));
}

function forget({ present }: Life, keep: number): void {
  for (const value of [...present.keys()].slice(0, Math.max(0, present.size - keep))) present.delete(value);
}
