import type { StreamEntry } from '../log/log-client.js';
import type { GroupConnection } from './group-connection.js';

/** A stream of which a consumer of a group reads new entries. */
export interface TailUser {
  readonly key: string;
  /** The last entry that the group is known to have delivered to anybody. */
  readonly last: string;
  /** Returns the number of entries for which there is room. After a 0, the user wakes the tail when it wants entries again. */
  room(): number;
  onEntries(entries: readonly StreamEntry[]): void;
  /** Called when the stream has lost entries that no consumer had received; the number is undefined if it is unknown. */
  onLost(count: number | undefined): void;
  /** Called when Redis refuses to count what is lost; the reads go on. */
  onUncounted(error: unknown): void;
  /** Called when Redis has refused to read: the stream is not read again until `wake`, after a pause. */
  onRefused(error: unknown): void;
  /** Called when attempts to read fail again and again; they go on. */
  onFailing(error: unknown): void;
}

/** Reads new entries for one consumer of a group. */
export interface GroupTail {
  join(user: TailUser): void;
  /** Calls back when nothing that Redis gives to this consumer can arrive any more. */
  leave(user: TailUser, onLeft: () => void): void;
  /** Waits no longer for the replies that a user who leaves waits for. */
  abandon(user: TailUser): void;
  /** Checks again whether a user wants entries. */
  wake(user: TailUser): void;
}

/** A consumer of a group, and the connection for its commands. */
export interface TailOptions {
  readonly group: string;
  readonly consumer: string;
  /** True if the replies have Buffers in place of strings. */
  readonly binary: boolean;
  readonly connection: GroupConnection;
}
