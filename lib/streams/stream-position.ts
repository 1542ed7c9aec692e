import type { StreamEntry } from '../log/log-client.js';
import type { Missing } from '../recovery/log-position.js';
import { BEFORE_ALL_ENTRIES, compareEntryIds } from './entry-id.js';
import { printOf, type EntryMark, type StreamInfo } from './stream-info.js';

/**
 * The last entry that a Channel has received, or has given up, and the number of entries that the stream had ever had up to
 * there. Redis does not tell which entries it has removed, but how many it has ever had: those that were added behind the
 * position and were not read are missing, by whichever command they were removed.
 */
export class StreamPosition {
  #id: string;
  /** Content of the entry at the position, as far as it is known. */
  #print: string | undefined;
  /** The number of entries up to the position, with the missing ones; undefined if it is not known. */
  #count: number | undefined;
  #exists = true;
  /** The first entry of the stream when it was last seen, and the number of those that were removed before. */
  #first: EntryMark | undefined;
  #removed: number | undefined;
  /** The entries that were received since the state of the stream last agreed with the position: their contents, by id. */
  #recent = new Map<string, string>();
  /** Entries that may be read again, because the position went back to the start. */
  #received = new Map<string, string>();
  /** The state up to whose last entry the position is being counted, and the position from which on. */
  #target: { readonly info: StreamInfo; readonly from: string } | undefined;
  /** The latest state, until entries have been read. */
  #latest: StreamInfo | undefined;

  private constructor(id: string, count: number | undefined) {
    this.#id = id;
    this.#count = count;
  }

  /** Returns the position from which a Channel begins. Entries that were removed before `'start'` are not missing. */
  static from(from: string, info: StreamInfo | undefined): StreamPosition {
    if (isPlace(from)) return new StreamPosition(from, undefined);
    let position = new StreamPosition(BEFORE_ALL_ENTRIES, 0);
    if (from === 'new' && info) position = new StreamPosition(info.last, info.added);
    else if (from === 'start' && info) position = new StreamPosition(BEFORE_ALL_ENTRIES, info.removed);
    position.#exists = info !== undefined;
    position.#see(info);
    if (info?.newest?.id === position.#id) position.#print = info.newest.print;
    return position;
  }

  get id(): string {
    return this.#id;
  }

  /** Returns whether an entry was received before the stream had to be read again. */
  hasReceived(id: string, message: StreamEntry['message']): boolean {
    return this.#received.size > 0 && this.#received.get(id) === printOf(message);
  }

  moveTo(id: string, message: StreamEntry['message']): void {
    this.#id = id;
    this.#print = printOf(message);
    this.#recent.set(id, this.#print);
    this.#exists = true;
    if (this.#count !== undefined) this.#count++;
  }

  /**
   * Compares the position with the state of the stream. Returns how many entries in front of the first one were not received,
   * or that another stream has taken the place: the position is then at its beginning.
   */
  check(info: StreamInfo | undefined): Missing {
    if (!info) return this.#onDeleted();
    this.#exists = true;
    const isOther = this.#isOther(info);
    const missing = isOther ? this.#onOther(info) : this.#missingBefore(info);
    this.#recent = new Map();
    this.#see(info);
    if (isOther) return missing;
    this.#latest = info;
    this.#target ??= { info, from: this.#id };
    return missing;
  }

  /**
   * Counts the entries that were read behind the position, before they are received; `isEnd`: the stream had no others. Returns
   * how many are missing up to the end of the stream as it was when its state was read.
   */
  count(entries: readonly StreamEntry[], isEnd: boolean): Missing {
    const target = this.#target;
    const { last, added, deleted } = (isEnd ? this.#latest : undefined) ?? target?.info ?? NOTHING;
    this.#latest = undefined;
    const end = entries.at(-1)?.id ?? this.#id;
    if (!target || (!isEnd && compareEntryIds(String(end), last) < 0)) return 0;
    this.#target = undefined;
    if (added === undefined) return 0;
    const read = entries.filter(({ id }) => compareEntryIds(String(id), last) <= 0).length;
    const known = this.#count;
    const counted = added - read;
    // More may have been found missing behind this end already.
    this.#count = isEnd ? counted : Math.max(counted, known ?? 0);
    // More was received than this stream has ever had: part of it came from another one.
    if (known !== undefined) return isEnd && counted < known ? 'unknown' : Math.max(0, counted - known);
    return deleted !== undefined && compareEntryIds(deleted, target.from) > 0 ? 'unknown' : 0;
  }

  #onDeleted(): Missing {
    const existed = this.#exists;
    this.#exists = false;
    this.#goTo(BEFORE_ALL_ENTRIES, 0);
    this.#received = new Map();
    this.#recent = new Map();
    this.#see(undefined);
    return existed ? 'unknown' : 0;
  }

  /** Returns whether the stream was created anew, or has lost its last entries in a failover. */
  #isOther({ last, first, newest, added, removed }: StreamInfo): boolean {
    if (compareEntryIds(last, this.#id) < 0) return true;
    const here = this.#print === undefined ? undefined : { id: this.#id, print: this.#print };
    if (differ(first, here) || differ(newest, here)) return true;
    if (first && this.#first && !this.#isSame(first, removed)) return true;
    if (this.#count === undefined || added === undefined || removed === undefined) return false;
    if (this.#removed !== undefined && removed < this.#removed) return true;
    const isAllBehind = !first || compareEntryIds(first.id, this.#id) > 0;
    return added < this.#count || (isAllBehind && removed < this.#count);
  }

  /** Goes on behind what is left of the stream, or at the beginning of the new one. */
  #onOther({ last, first, added, removed, deleted }: StreamInfo): Missing {
    const isBehind = compareEntryIds(last, this.#id) < 0;
    if (!first || this.#isSame(first, removed)) {
      this.#goTo(isBehind ? last : this.#id, isBehind ? added : undefined);
    } else if (!isBehind && this.#recent.get(first.id) === first.print) {
      // The new stream was read before its state: all that it has up to the position was received.
      const received = [...this.#recent.keys()].filter((id) => compareEntryIds(id, first.id) >= 0).length;
      const isWhole = deleted !== undefined && compareEntryIds(deleted, first.id) < 0;
      const count = isWhole && removed !== undefined ? removed + received : undefined;
      this.#goTo(this.#id, last === this.#id ? added : count);
    } else {
      this.#received = this.#recent;
      this.#goTo(BEFORE_ALL_ENTRIES, removed);
    }
    return 'unknown';
  }

  /**
   * Returns whether this is the beginning of the same stream: the first entry moves only if entries are removed. A replica may
   * not have removed the last ones yet.
   */
  #isSame(first: EntryMark, removed: number | undefined): boolean {
    if (!this.#first) return false;
    const order = compareEntryIds(first.id, this.#first.id);
    if (order === 0) return first.print === this.#first.print;
    if (removed === undefined || this.#removed === undefined) return order > 0;
    return order > 0 ? removed > this.#removed : removed > 0 && this.#removed > 0;
  }

  #missingBefore({ first, last, removed }: StreamInfo): Missing {
    // While the stream has the position, or an entry before it, nothing behind it can have been trimmed.
    if (first && compareEntryIds(first.id, this.#id) <= 0) return 0;
    if (removed === undefined) {
      const isSeen = first === undefined || first.id === this.#first?.id;
      return isSeen || last === this.#id ? 0 : 'unknown';
    }
    const known = this.#count;
    this.#count = removed;
    if (known !== undefined) return removed - known;
    return last === this.#id || removed === 0 ? 0 : 'unknown';
  }

  #goTo(id: string, count: number | undefined): void {
    this.#id = id;
    this.#print = undefined;
    this.#count = count;
    this.#target = this.#latest = undefined;
  }

  #see(info: StreamInfo | undefined): void {
    this.#first = info?.first;
    this.#removed = info?.removed;
  }
}

/** Returns whether this is the id of an entry, behind which a Channel begins. */
function isPlace(from: string): boolean {
  return from !== 'new' && from !== 'start' && from !== BEFORE_ALL_ENTRIES;
}

/** The state of no stream. */
const NOTHING: Partial<StreamInfo> & { readonly last: string } = { last: BEFORE_ALL_ENTRIES };

/** Returns whether two entries have the same id, and different contents. */
function differ(a: EntryMark | undefined, b: EntryMark | undefined): boolean {
  return a !== undefined && a.id === b?.id && a.print !== b.print;
}
