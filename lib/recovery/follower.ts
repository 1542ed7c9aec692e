import type { PubSubClient } from '../hub/client.js';
import type { FollowedChannel } from './followed-channel.js';
import type { RecoveryError } from './recovery-error.js';

/**
 * The part of a Channel that knows its position in a Redis stream, and reads what the Channel has not received: the log of a
 * recoverable Channel, or the stream itself.
 */
export interface Follower {
  /** The options with which the follower was made. */
  readonly options: object;
  /** The client whose server has the log or stream. */
  readonly client: PubSubClient;
  /** The id of the last message that was handed on, or given up; `0-0` before the first one of all. */
  readonly lastId: string;
  readonly isIdle: boolean;
  /** True if the Channel may subscribe: the position to start from is known. */
  readonly isReady: boolean;
  /** Finds the position to start from. Calls `onReady`, or `onRefused` if Redis refuses. */
  start(onReady: () => void, onRefused: (error: RecoveryError) => void): void;
  stop(): void;
  /** Called when the Channel is subscribed: reading begins. */
  onSubscribed(): void;
  /** Reads what was missed since then; returns false if the follower has no position yet. */
  refill(since: number): boolean;
  /** Takes a message that Redis has pushed. A stream pushes none. */
  receive?(data: string | Buffer, channel: string, rawChannel: Buffer | undefined): void;
  /** Checks for room again, because the consumers have changed. */
  resume(): void;
  /** Calls back when what there is has been read, and at the latest when the follower stops. */
  whenCaughtUp(onCaughtUp: () => void): void;
  /** Calls back when a follower that was stopped delivers nothing more; absent if that is at once. */
  whenLeft?(onLeft: () => void): void;
}

/** The way in which a Channel is followed: here a log, a stream or a consumer group is chosen. */
export interface FollowerSource {
  readonly options: object;
  follow(channel: FollowedChannel): Follower;
}

/** Returns whether the options that a caller has given are those of a follower. */
export function hasOptions(options: object | undefined, given: object): boolean {
  const known = options as Record<string, unknown> | undefined;
  return Object.entries(given).every(([name, value]) => value === undefined || known?.[name] === value);
}
