import type { Missing } from '../recovery/log-position.js';
import { BEFORE_ALL_ENTRIES, compareEntryIds } from './entry-id.js';
import type { StreamInfo } from './stream-info.js';

/**
 * The last entry that a Channel has received, or has given up, and the number of entries that the stream had had up to there.
 * Redis does not tell which entries it has trimmed, but how many it has ever had: what is missing is what was added behind the
 * position, and is there no more.
 */
export class StreamPosition {
  #id: string;
  /** The number of entries up to the position; undefined if it is not known. */
  #count: number | undefined;
  /** The position at which this number was last read from Redis. */
  #counted: string;
  /** The first entry that was received since. */
  #anchor: string | undefined;
  /** The first entry of the stream when it was last seen. */
  #first: string | undefined;
  #exists: boolean;

  private constructor(id: string, count: number | undefined, info: StreamInfo | undefined) {
    this.#id = id;
    this.#counted = id;
    this.#count = count;
    this.#first = info?.first;
    this.#exists = info !== undefined;
  }

  /** Returns the position from which a Channel begins; entries before the first one of the stream are not missing. */
  static from(from: string, info: StreamInfo | undefined): StreamPosition {
    if (from === 'new')
      return new StreamPosition(info?.last ?? BEFORE_ALL_ENTRIES, info ? info.added : 0, info);
    if (from === 'start' || from === BEFORE_ALL_ENTRIES)
      return new StreamPosition(BEFORE_ALL_ENTRIES, info ? countBefore(info) : 0, info);
    const position = new StreamPosition(from, undefined, undefined);
    position.#exists = true;
    return position;
  }

  get id(): string {
    return this.#id;
  }

  moveTo(id: string): void {
    this.#id = id;
    this.#anchor ??= id;
    if (this.#count !== undefined) this.#count++;
  }

  /** Compares the position with the state of the stream, and returns how many entries have been lost behind it. */
  check(info: StreamInfo | undefined): Missing {
    if (!info) return this.#onDeleted();
    this.#exists = true;
    const isReplaced = compareEntryIds(info.last, this.#id) < 0 || this.#hasFewer(info);
    const missing = isReplaced ? this.#onReplaced(info) : this.#missingIn(info);
    this.#first = info.first;
    return missing;
  }

  #onDeleted(): Missing {
    const existed = this.#exists;
    this.#set(BEFORE_ALL_ENTRIES, 0);
    this.#exists = false;
    this.#first = undefined;
    return existed ? 'unknown' : 0;
  }

  /** Returns whether the stream has had fewer entries than were received: it is another one, or has lost its last entries. */
  #hasFewer({ added }: StreamInfo): boolean {
    return added !== undefined && this.#count !== undefined && added < this.#count;
  }

  /** A failover may lose the last entries of a stream, which then has the same beginning; otherwise it is read from the start. */
  #onReplaced(info: StreamInfo): Missing {
    const { first, last } = info;
    const isSame = !first || (this.#first !== undefined && compareEntryIds(first, this.#first) >= 0);
    const isBehind = compareEntryIds(last, this.#id) < 0;
    if (isSame) this.#set(isBehind ? last : this.#id, isBehind ? info.added : undefined);
    else this.#set(BEFORE_ALL_ENTRIES, countBefore(info));
    return 'unknown';
  }

  #missingIn(info: StreamInfo): Missing {
    const { first, length, added } = info;
    const isCaughtUp = info.last === this.#id;
    // While the stream has the position, or an entry before it, nothing behind it can have been trimmed.
    if (!isCaughtUp && first && compareEntryIds(first, this.#id) <= 0) return 0;
    const count = added === undefined ? undefined : added - (isCaughtUp ? 0 : length);
    const [known, isDeliberate] = [this.#count, this.#isDeliberate(info)];
    const isFromStart = this.#id === BEFORE_ALL_ENTRIES && this.#anchor === undefined;
    this.#set(this.#id, count);
    if (count === undefined || known === undefined)
      return isCaughtUp || (isFromStart && !known) ? 0 : 'unknown';
    if (count < known) return 'unknown';
    return isDeliberate ? 0 : count - known;
  }

  /** Returns whether XDEL alone can have removed entries that were not received: they are no loss. */
  #isDeliberate({ deleted, first }: StreamInfo): boolean {
    if (deleted === undefined || compareEntryIds(deleted, this.#counted) <= 0) return false;
    return first !== undefined && compareEntryIds(first, this.#anchor ?? this.#counted) <= 0;
  }

  #set(id: string, count: number | undefined): void {
    this.#id = id;
    this.#count = count;
    this.#counted = id;
    this.#anchor = undefined;
  }
}

/** Returns how many entries the stream has had before the first one that it has. */
function countBefore({ added, length }: StreamInfo): number | undefined {
  return added === undefined ? undefined : added - length;
}
