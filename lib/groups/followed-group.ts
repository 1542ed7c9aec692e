import type { Acknowledgement } from '../queue/handling.js';
import type { GroupEntry } from './group-entry.js';

/** The Channel that the follower of a group serves. */
export interface FollowedGroup {
  /** Returns whether the consumers have no room for an entry of this size. */
  isFull(bytes: number): boolean;
  /** Calls back, once, when the consumers may have room again. */
  whenRoom(resume: () => void): void;
  deliver(entry: GroupEntry, acknowledgement: Acknowledgement): void;
  /** Called where entries are lost; the number is undefined if it is unknown. */
  onMissed(since: number, count: number | undefined): void;
  onDeadLetter(entry: GroupEntry): void;
  /** Called when the group was gone and has been created anew. */
  onGroupLost(): void;
  /** Called when attempts fail again and again without a refusal; they go on. */
  onFailing(error: unknown): void;
  /** Called when Redis refuses a command. */
  onFailed(error: unknown): void;
}
