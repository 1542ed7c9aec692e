import {
  ConflictException,
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { concatMap, exhaustMap, interval, lastValueFrom, Subject, take, takeUntil } from 'rxjs';
import { nameLike } from './name-like.js';
import { REDIS_URL } from './redis-url.js';
import { BURST, CLIENT_NAME, KEYS } from './settings.js';
import type { SourceCount } from './snapshot.js';
import { Sources } from './sources.js';

/** Milliseconds between two batches of traffic. */
const EVERY = 50;
/** Messages a second, by the order of the sources; then over again. Eleven are not too many for the workers. */
const RATES = [38, 16, 27, 11, 9, 8, 4, 7, 3, 6, 5];
const KEYSPACE = /^__keyspace@.*?__:(.*)/;
/** Milliseconds, for a Redis that may have ended already. */
const CLEANUP_TIMEOUT = 500;
const SETTING = 'notify-keyspace-events';

/** The publisher, on its own connection: publishes to all sources, and kills the Receiver's connection. */
@Injectable()
export class Traffic implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #sources: Sources;
  readonly #client: ReturnType<typeof createClient>;
  readonly #logger = new Logger(Traffic.name);
  /** The number of messages that are due, by the id of their source. */
  readonly #due = new Map<number, number>();
  /** The existing keys. */
  readonly #keys = new Set<string>();
  readonly #stop = new Subject<void>();
  #missed = 0;
  #hasVisitors = false;

  constructor(@Inject(Sources) sources: Sources, @Inject(REDIS_URL) url: string) {
    this.#sources = sources;
    this.#client = createClient({ url });
    this.#client.on('error', (error) => this.#warn(error));
  }

  /** Messages that were published without a subscriber. */
  get missed(): number {
    return this.#missed;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#client.connect();
    const { [SETTING]: before = '' } = await this.#client.configGet(SETTING);
    // K: notifications by key; $ and g: commands on strings, and commands on all keys, such as DEL.
    await this.#client.configSet(SETTING, `${before}K$g`);
    interval(EVERY)
      .pipe(
        takeUntil(this.#stop),
        exhaustMap(() => this.#publishDue().catch((error: unknown) => this.#warn(error))),
      )
      .subscribe();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.next();
    const isRemoved = this.#client.isReady && this.#keys.size > 0 ? this.#client.del([...this.#keys]) : 0;
    await Promise.race([isRemoved, delay(CLEANUP_TIMEOUT, undefined, { ref: false })]).catch(() => undefined);
    if (this.#client.isOpen) this.#client.destroy();
  }

  /** Makes a burst for the first visitor, who then has something to see. */
  welcome(): void {
    if (this.#hasVisitors) return;
    this.#hasVisitors = true;
    this.burst().catch((error: unknown) => this.#warn(error));
  }

  /** Publishes more messages than the workers can handle, in equal parts to all sources. Resolves at the end. */
  async burst(): Promise<void> {
    const { every, batches, batchSize } = BURST;
    const { counts } = this.#sources;
    if (counts.length === 0)
      throw new ConflictException('There is no channel to publish to: add a channel first.');
    const sources = Array.from(
      { length: batchSize },
      (_, index) => counts[index % counts.length] as SourceCount,
    );
    const burst = interval(every).pipe(
      take(batches),
      concatMap(() => Promise.all(sources.map((source) => this.#send(source)))),
      takeUntil(this.#stop),
    );
    await lastValueFrom(burst, { defaultValue: undefined });
  }

  /** Kills the Receiver's connection, like a network failure. */
  async kill(): Promise<void> {
    const clients = await this.#client.clientList();
    const victim = clients.find(({ name }) => name === CLIENT_NAME);
    if (!victim) throw new ConflictException('The connection is lost already.');
    await this.#client.clientKill({ filter: 'ID', id: victim.id });
  }

  async #publishDue(): Promise<void> {
    const sent: Promise<void>[] = [];
    for (const [index, source] of this.#sources.counts.entries()) {
      const rate = RATES[index % RATES.length] as number;
      const wave = 1 + 0.4 * Math.sin(Date.now() / (2_300 + 700 * index) + index);
      let due = (this.#due.get(source.id) ?? 0) + (rate * wave * EVERY) / 1_000;
      for (; due >= 1; due--) sent.push(this.#send(source));
      this.#due.set(source.id, due);
    }
    await Promise.all(sent);
  }

  async #send({ id, kind, name }: SourceCount): Promise<void> {
    const keys = KEYSPACE.exec(name)?.[1];
    if (keys?.startsWith(KEYS)) return this.#toggleKey(nameLike(keys));
    const channel = kind === 'pattern' ? nameLike(name) : name;
    const message = new Date().toISOString();
    const subscribers = await (kind === 'shard'
      ? this.#client.sPublish(channel, message)
      : this.#client.publish(channel, message));
    if (subscribers === 0 && this.#sources.has(id)) this.#missed++;
  }

  /** Sets or deletes a key, so that Redis sends a keyspace notification. */
  async #toggleKey(key: string): Promise<void> {
    if (this.#keys.delete(key)) {
      await this.#client.del(key);
    } else {
      this.#keys.add(key);
      await this.#client.incr(key);
    }
  }

  #warn(error: unknown): void {
    // Commands in flight at the end fail, as expected.
    if (this.#client.isOpen) this.#logger.warn(error instanceof Error ? error.message : String(error));
  }
}
