import type { LoggedMessage } from '../log/envelope.js';
import type { Missing } from './log-position.js';
import type { RecoveryError } from './recovery-error.js';

/** The Channel that a follower serves. */
export interface FollowedChannel {
  readonly heartbeat: number;
  /** Returns whether the consumers have no room for a message of this size; `isLive`: it has not been read from the log. */
  isFull(bytes: number, isLive: boolean): boolean;
  /** Calls back, once, when the consumers may have room again. */
  whenRoom(resume: () => void): void;
  deliver(message: LoggedMessage): void;
  /** Delivers a message that the log does not have. */
  deliverUnlogged(data: string | Buffer, channel: string, rawChannel: Buffer | undefined): void;
  /** Called where messages are missing that cannot be recovered. */
  onMissed(since: number, missing: Missing): void;
  /** Called when so many messages have been read from the log. */
  onRecovered(count: number): void;
  /** Called when the log cannot be read. */
  onFailed(error: RecoveryError): void;
}
