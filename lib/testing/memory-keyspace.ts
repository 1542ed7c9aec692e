import type { MemoryEntry, StreamFields } from './memory-entry.js';
import { MemoryStream } from './memory-stream.js';
import {
  formatStreamId,
  nextStreamId,
  parseRangeEnd,
  parseRangeStart,
  parseStreamId,
  ZERO_ID,
  type StreamId,
} from './stream-id.js';

interface Key {
  /** Undefined for a key of another type. */
  readonly stream: MemoryStream | undefined;
  /** Time after which the key is gone. */
  readonly expires: number;
}

/** Place in a stream: behind the entry with this id. */
export interface StreamPosition {
  readonly key: string;
  readonly after: StreamId;
}

/** Entries that were read from one stream. */
export interface StreamEntries {
  readonly key: string;
  readonly entries: readonly MemoryEntry[];
}

const ONLY_IN_GROUPS =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.';
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** Keys of Redis, as far as streams go, with the error texts of Redis 7. A clock ends the life of keys; no timer runs. */
export class MemoryKeyspace {
  readonly #keys = new Map<string, Key>();
  readonly #now: () => number;

  readonly #onChange: (key: string) => void;

  constructor(now: () => number, onChange: (key: string) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** Returns the time in whole milliseconds. */
  now(): number {
    return Math.floor(this.#now());
  }

  /** Adds an entry, and returns its id. Trims the stream to the maximum length, if there is one. */
  add(key: string, id: string, fields: StreamFields, maxLength = Infinity): string {
    const idAfter = nextStreamId(id, () => this.now());
    const existing = this.stream(key);
    const stream = existing ?? new MemoryStream();
    const added = stream.add(idAfter, fields);
    if (!existing) this.#keys.set(key, { stream, expires: Infinity });
    stream.trim(maxLength);
    this.#onChange(key);
    return formatStreamId(added);
  }

  /** Adds an entry as {@link add} does, but returns undefined if there is no such stream (NOMKSTREAM). */
  addToExisting(key: string, id: string, fields: StreamFields, maxLength?: number): string | undefined {
    return this.stream(key) && this.add(key, id, fields, maxLength);
  }

  range(key: string, start: string, end: string, count?: number): MemoryEntry[] {
    const ends = [parseRangeStart(start), parseRangeEnd(end)] as const;
    return this.stream(key)?.range(...ends, count) ?? [];
  }

  /** Returns the entries behind each id, of the streams that have some; `$` stands for the last id. */
  read(streams: readonly StreamPosition[], count?: number): StreamEntries[] {
    return streams
      .map(({ key, after }) => ({ key, entries: this.stream(key)?.after(after, count) ?? [] }))
      .filter(({ entries }) => entries.length > 0);
  }

  /** Parses the id behind which a stream is read (XREAD): an id, or `$` for the last one. */
  position(key: string, id: string): StreamPosition {
    const stream = this.stream(key);
    if (id === '$') return { key, after: stream?.lastId ?? ZERO_ID };
    if (id === '>') throw new Error(ONLY_IN_GROUPS);
    return { key, after: parseStreamId(id, 0n) };
  }

  trim(key: string, maxLength: number): number {
    return this.stream(key)?.trim(maxLength) ?? 0;
  }

  deleteEntries(key: string, ids: readonly string[]): number {
    return this.stream(key)?.delete(ids.map((id) => parseStreamId(id, 0n))) ?? 0;
  }

  info(key: string): MemoryStream {
    const stream = this.stream(key);
    if (!stream) throw new Error('ERR no such key');
    return stream;
  }

  /** Returns the stream of a key, and creates an empty one if there is none. */
  streamOrNew(key: string): MemoryStream {
    const existing = this.stream(key);
    if (existing) return existing;
    const stream = new MemoryStream();
    this.#keys.set(key, { stream, expires: Infinity });
    return stream;
  }

  /** Wakes the commands that wait for a key. */
  touch(key: string): void {
    this.#onChange(key);
  }

  has(key: string): boolean {
    return this.#key(key) !== undefined;
  }

  /** Makes a key of another type. */
  set(key: string): void {
    this.#keys.set(key, { stream: undefined, expires: Infinity });
    this.#onChange(key);
  }

  delete(keys: readonly string[]): number {
    const existing = [...new Set(keys)].filter((key) => this.has(key));
    for (const key of existing) {
      this.#keys.delete(key);
      this.#onChange(key);
    }
    return existing.length;
  }

  /** Deletes the key when so many milliseconds have passed (PEXPIRE). */
  expire(key: string, after: number): void {
    const existing = this.#key(key);
    if (existing) this.#keys.set(key, { ...existing, expires: this.#now() + after });
  }

  /** Returns the stream of a key, if there is one. */
  stream(key: string): MemoryStream | undefined {
    const existing = this.#key(key);
    if (existing && !existing.stream) throw new Error(WRONG_TYPE);
    return existing?.stream;
  }

  #key(key: string): Key | undefined {
    const existing = this.#keys.get(key);
    if (!existing || this.#now() <= existing.expires) return existing;
    this.#keys.delete(key);
    return undefined;
  }
}
