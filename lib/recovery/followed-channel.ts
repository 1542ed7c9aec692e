import type { GroupMessage } from '../channel.js';
import type { GroupEvent } from '../group-event.js';
import type { StreamFields } from '../stream-fields.js';
import type { LoggedMessage } from '../log/envelope.js';
import type { Missing } from './log-position.js';
import type { RecoveryError } from './recovery-error.js';

/** An entry of a stream, as its Channel delivers it. */
export interface DeliveredEntry {
  readonly id: string;
  /** Undefined for a binary codec. */
  readonly fields: StreamFields | undefined;
  /** The whole entry, or the value of one field; undefined if the entry lacks the field. */
  readonly data: StreamFields | string | Buffer | undefined;
  /** The name of that field. */
  readonly field: string | undefined;
  /** Present if a group delivered the entry. */
  readonly acknowledged?: Pick<GroupMessage, 'deliveries' | 'ack' | 'nack'>;
}

/** The Channel that a follower serves. */
export interface FollowedChannel {
  readonly heartbeat: number;
  /** True if the codec of the Channel takes Buffers. */
  readonly binary: boolean;
  /** Returns the number of entries of a stream of this size for which the consumers have room. */
  roomForEntries(bytes: number): number;
  /** Returns whether the consumers have no room for an entry of a stream of this size, which can wait in Redis. */
  isFullForEntry(bytes: number): boolean;
  deliverEntry(entry: DeliveredEntry): void;
  onGroupEvent(event: GroupEvent): void;
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
