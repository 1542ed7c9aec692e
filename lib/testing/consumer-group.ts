import type { MemoryEntry } from './memory-entry.js';
import { compareStreamIds, ZERO_ID, type StreamId } from './stream-id.js';

/** Stream that the group reads. */
export interface GroupedStream {
  has(id: StreamId): boolean;
  after(id: StreamId, count?: number): MemoryEntry[];
  countAfterReading(id: StreamId, before: number | undefined): number | undefined;
}

/** Entry that was delivered and is not acknowledged yet. */
export interface PendingEntry {
  readonly id: StreamId;
  consumer: string;
  /** Time of the last delivery, in milliseconds. */
  time: number;
  deliveries: number;
}

export interface ClaimOptions {
  readonly minIdle: number;
  /** Time to note as that of the delivery. */
  readonly time: number;
  /** Number to note as that of the deliveries, or undefined to count one more. */
  readonly deliveries: number | undefined;
  readonly justId: boolean;
  readonly force: boolean;
}

export interface AutoClaimed {
  readonly claimed: StreamId[];
  /** Ids that were pending although their entries are gone. */
  readonly deleted: StreamId[];
  /** Id at which the next call goes on. */
  readonly next: StreamId;
}

/** Compares names by their bytes, as Redis does. */
const compareNames = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Consumer group of a stream: what it has read, and what its consumers have not acknowledged. */
export class ConsumerGroup {
  lastId: StreamId;
  /** Number of entries that the group has read, or undefined if it is unknown. */
  read: number | undefined;
  /** Time at which each consumer was active last. */
  readonly #consumers = new Map<string, number>();
  #pending: PendingEntry[] = [];

  constructor(lastId: StreamId, read: number | undefined) {
    this.lastId = lastId;
    this.read = read;
  }

  get consumers(): [name: string, seen: number][] {
    return [...this.#consumers].sort(([a], [b]) => compareNames(a, b));
  }

  get pending(): readonly PendingEntry[] {
    return this.#pending;
  }

  pendingOf(consumer: string): PendingEntry[] {
    return this.#pending.filter((entry) => entry.consumer === consumer);
  }

  /** Notes that a consumer is active. Returns whether it is new. */
  see(consumer: string, now: number): boolean {
    const isNew = !this.#consumers.has(consumer);
    this.#consumers.set(consumer, now);
    return isNew;
  }

  has(consumer: string): boolean {
    return this.#consumers.has(consumer);
  }

  /** Removes a consumer with its pending entries. Returns how many these were. */
  remove(consumer: string): number {
    const before = this.#pending.length;
    this.#pending = this.#pending.filter((entry) => entry.consumer !== consumer);
    this.#consumers.delete(consumer);
    return before - this.#pending.length;
  }

  /** Delivers new entries to a consumer. */
  deliver(
    stream: GroupedStream,
    consumer: string,
    now: number,
    count?: number,
    noAck = false,
  ): MemoryEntry[] {
    const entries = stream.after(this.lastId, count);
    for (const { id } of entries) {
      this.read = stream.countAfterReading(id, this.read);
      this.lastId = id;
      if (!noAck) this.#add({ id, consumer, time: now, deliveries: 1 });
    }
    return entries;
  }

  /** Delivers the pending entries of a consumer behind an id once more. */
  redeliver(
    stream: GroupedStream,
    consumer: string,
    after: StreamId,
    now: number,
    count = Infinity,
  ): PendingEntry[] {
    const entries = this.pendingOf(consumer)
      .filter(({ id }) => compareStreamIds(id, after) > 0)
      .slice(0, count);
    for (const entry of entries.filter(({ id }) => stream.has(id))) {
      entry.time = now;
      entry.deliveries++;
    }
    return entries;
  }

  acknowledge(ids: readonly StreamId[]): number {
    return ids.filter((id) => this.#drop(id)).length;
  }

  /** Gives pending entries to a consumer (XCLAIM). Returns the ids that it gets. */
  claim(
    stream: GroupedStream,
    consumer: string,
    ids: readonly StreamId[],
    options: ClaimOptions,
    now: number,
  ): StreamId[] {
    const claimed: StreamId[] = [];
    for (const id of ids) {
      if (!stream.has(id)) this.#drop(id);
      else {
        if (options.force && !this.#find(id)) this.#add({ id, consumer: '', time: 0, deliveries: 1 });
        const entry = this.#find(id);
        if (!entry || (entry.consumer !== '' && now - entry.time < options.minIdle)) continue;
        this.#give(entry, consumer, options);
        claimed.push(id);
      }
    }
    return claimed;
  }

  /** Gives the pending entries from an id on to a consumer (XAUTOCLAIM). */
  claimFrom(
    stream: GroupedStream,
    consumer: string,
    start: StreamId,
    count: number,
    options: ClaimOptions,
    now: number,
  ): AutoClaimed {
    const claimed: StreamId[] = [];
    const deleted: StreamId[] = [];
    const candidates = this.#pending.filter(({ id }) => compareStreamIds(id, start) >= 0);
    let attempts = count * ATTEMPTS_PER_ENTRY;
    let next = candidates.shift();
    for (; next && attempts-- > 0 && claimed.length + deleted.length < count; next = candidates.shift()) {
      if (!stream.has(next.id)) {
        this.#drop(next.id);
        deleted.push(next.id);
      } else if (now - next.time >= options.minIdle) {
        this.#give(next, consumer, options);
        claimed.push(next.id);
      }
    }
    return { claimed, deleted, next: next?.id ?? ZERO_ID };
  }

  #give(entry: PendingEntry, consumer: string, { time, deliveries, justId }: ClaimOptions): void {
    entry.consumer = consumer;
    entry.time = time;
    entry.deliveries = deliveries ?? entry.deliveries + (justId ? 0 : 1);
  }

  #find(id: StreamId): PendingEntry | undefined {
    return this.#pending.find((entry) => compareStreamIds(entry.id, id) === 0);
  }

  #drop(id: StreamId): boolean {
    const entry = this.#find(id);
    if (entry) this.#pending.splice(this.#pending.indexOf(entry), 1);
    return entry !== undefined;
  }

  #add(entry: PendingEntry): void {
    this.#drop(entry.id);
    this.#pending.push(entry);
    this.#pending.sort((a, b) => compareStreamIds(a.id, b.id));
  }
}

/** Number of pending entries at which an XAUTOCLAIM looks, for each one that it may claim. */
const ATTEMPTS_PER_ENTRY = 10;
