import type { ConsumerGroup, GroupedStream } from './consumer-group.js';
import type { MemoryEntry, StreamFields } from './memory-entry.js';
import { compareStreamIds, LARGEST, LAST_ID, ZERO_ID, type StreamId } from './stream-id.js';

/** Stream of Redis. Its last id outlives the entries. */
export class MemoryStream implements GroupedStream {
  #entries: MemoryEntry[] = [];
  #lastId = ZERO_ID;
  #maxDeletedId = ZERO_ID;
  #added = 0;
  readonly groups = new Map<string, ConsumerGroup>();

  get length(): number {
    return this.#entries.length;
  }

  get first(): MemoryEntry | undefined {
    return this.#entries[0];
  }

  get last(): MemoryEntry | undefined {
    return this.#entries.at(-1);
  }

  get lastId(): StreamId {
    return this.#lastId;
  }

  /** Number of entries that were ever added. */
  get added(): number {
    return this.#added;
  }

  /** Largest id that was deleted by itself: a trim does not count. */
  get maxDeletedId(): StreamId {
    return this.#maxDeletedId;
  }

  add(idAfter: (last: StreamId) => StreamId, fields: StreamFields): StreamId {
    if (compareStreamIds(this.#lastId, LAST_ID) === 0)
      throw new Error('ERR The stream has exhausted the last possible ID, unable to add more items');
    const id = idAfter(this.#lastId);
    if (id.seq > LARGEST || compareStreamIds(id, this.#lastId) <= 0)
      throw new Error('ERR The ID specified in XADD is equal or smaller than the target stream top item');
    this.#entries.push({ id, fields: fields.map(([field, value]) => [field, Buffer.from(value)]) });
    this.#lastId = id;
    this.#added++;
    return id;
  }

  /** Removes the oldest entries above this number. Returns how many they were. */
  trim(length: number): number {
    return this.#entries.splice(0, Math.max(0, this.#entries.length - length)).length;
  }

  delete(ids: readonly StreamId[]): number {
    const before = this.#entries.length;
    for (const id of ids) {
      const left = this.#entries.filter((entry) => compareStreamIds(entry.id, id) !== 0);
      if (left.length === this.#entries.length) continue;
      this.#entries = left;
      if (compareStreamIds(id, this.#maxDeletedId) > 0) this.#maxDeletedId = id;
    }
    return before - this.#entries.length;
  }

  range(start: StreamId, end: StreamId, count = Infinity): MemoryEntry[] {
    return this.#entries
      .filter(({ id }) => compareStreamIds(id, start) >= 0 && compareStreamIds(id, end) <= 0)
      .slice(0, count);
  }

  /** Returns the first entries behind an id. */
  after(id: StreamId, count = Infinity): MemoryEntry[] {
    return this.#entries.filter((entry) => compareStreamIds(entry.id, id) > 0).slice(0, count);
  }

  has(id: StreamId): boolean {
    return this.get(id) !== undefined;
  }

  get(id: StreamId): MemoryEntry | undefined {
    return this.#entries.find((entry) => compareStreamIds(entry.id, id) === 0);
  }

  /** Removes the entries before an id. Returns how many they were. */
  trimBefore(id: StreamId): number {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => compareStreamIds(entry.id, id) >= 0);
    return before - this.#entries.length;
  }

  /** Returns how many entries a group has read with this one, if that is known. */
  countAfterReading(id: StreamId, before: number | undefined): number | undefined {
    if (before !== undefined && !this.#hasHoleFrom(id)) return before + 1;
    return this.#countUpTo(id);
  }

  /** Returns how many entries a group has yet to read, or null if that is unknown. */
  lagOf({ lastId, read }: ConsumerGroup): number | null {
    if (this.#added === 0) return 0;
    const known = read !== undefined && !this.#hasHoleFrom(lastId) ? read : this.#countUpTo(lastId);
    return known === undefined ? null : this.#added - known;
  }

  #hasHoleFrom(id: StreamId): boolean {
    const [first] = this.#entries;
    if (!first || compareStreamIds(first.id, this.#maxDeletedId) > 0) return false;
    return compareStreamIds(id, this.#maxDeletedId) <= 0;
  }

  /** Returns the number of the entries ever added up to an id, if it is known. */
  #countUpTo(id: StreamId): number | undefined {
    if (this.#added === 0) return 0;
    const [first] = this.#entries;
    const atLast = compareStreamIds(id, this.#lastId);
    if (!first) return atLast <= 0 ? this.#added : undefined;
    if (atLast >= 0) return atLast === 0 ? this.#added : undefined;
    const hasHole =
      compareStreamIds(this.#maxDeletedId, ZERO_ID) !== 0 &&
      compareStreamIds(this.#maxDeletedId, first.id) >= 0;
    const atFirst = compareStreamIds(id, first.id);
    if (hasHole || atFirst > 0) return undefined;
    return this.#added - this.#entries.length + (atFirst === 0 ? 1 : 0);
  }
}
