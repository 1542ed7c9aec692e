import type { StreamEntry } from '../log/log-client.js';
import type { StreamInfo } from './stream-info.js';

/** A follower that has read its stream to the end, and waits for the next entry. */
export interface TailUser {
  readonly key: string;
  /** The id of the last entry that it has. */
  readonly lastId: string;
  /** The number of entries for which it has room. */
  readonly count: number;
  readonly binary: boolean;
  /** Milliseconds between checks; 0 for no checks. */
  readonly heartbeat: number;
  /** True if the state of the stream is to be compared with the position, before the next read. */
  readonly wantsCheck: boolean;
  /** Takes the state of the stream; undefined if there is none. */
  onInfo(info: StreamInfo | undefined): void;
  /** Takes the entries behind its last id; `isEnd`: the stream had no others. */
  onEntries(entries: readonly StreamEntry[], isEnd: boolean): void;
  /** Called when there may be entries, or when the read has failed: the follower leaves, and reads by itself. */
  onStirred(): void;
}

/**
 * Waits for the next entries of any number of streams: a server has one read that blocks for all of them, and a cluster, where
 * each slot would need a connection of its own, is polled.
 */
export interface Tail {
  join(user: TailUser): void;
  leave(user: TailUser): void;
}
