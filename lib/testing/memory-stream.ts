import { compareStreamIds, LARGEST, LAST_ID, ZERO_ID, type StreamId } from './stream-id.js';

/** Fields and values of an entry, in order. */
export type StreamFields = readonly (readonly [field: string, value: Buffer])[];

export interface MemoryEntry {
  readonly id: StreamId;
  readonly fields: StreamFields;
}

/** Stream of Redis. Its last id outlives the entries. */
export class MemoryStream {
  #entries: MemoryEntry[] = [];
  #lastId = ZERO_ID;
  #maxDeletedId = ZERO_ID;
  #added = 0;

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
}
