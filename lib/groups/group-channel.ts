import type { PubSubClient } from '../hub/client.js';
import type { FollowedChannel } from '../recovery/followed-channel.js';
import type { Follower } from '../recovery/follower.js';
import { failingStream, type RecoveryError } from '../recovery/recovery-error.js';
import { deliveredEntry } from '../streams/entry-feed.js';
import type { StreamHub } from '../streams/stream-hub.js';
import type { FollowedGroup } from './followed-group.js';
import { refusedGroup } from './group-error.js';
import { GroupFollower } from './group-follower.js';
import type { GroupKey } from './group-key.js';
import type { GroupSettings } from './group-options.js';
import type { GroupTail } from './group-tail.js';

/** Joins a Channel to the follower of a group. */
export class GroupChannel implements Follower {
  readonly options: GroupSettings;
  readonly #hub: StreamHub;
  readonly #key: string;
  readonly #follower: GroupFollower;

  constructor(channel: FollowedChannel, of: GroupKey, options: GroupSettings, tail: GroupTail) {
    this.options = options;
    this.#hub = of.connection.hub;
    this.#key = of.key;
    this.#follower = new GroupFollower(this.#consumersOf(channel), of, options, tail);
  }

  get client(): PubSubClient {
    return this.#hub.client;
  }

  get lastId(): string {
    return this.#follower.last;
  }

  get isIdle(): boolean {
    return this.#follower.isIdle;
  }

  get isReady(): boolean {
    return this.#follower.isReady;
  }

  start(onReady: () => void, onRefused: (error: RecoveryError) => void): void {
    this.#follower.start(onReady, (error) => onRefused(this.#refused(error)));
  }

  stop(): void {
    this.#follower.stop();
  }

  whenLeft(onLeft: () => void): void {
    this.#follower.whenLeft(onLeft);
  }

  onSubscribed(): void {
    this.#follower.read();
  }

  /** A stream is read on connections of its own: nothing is missed in an outage of the client. */
  refill(): boolean {
    return true;
  }

  receive(): void {
    // Redis pushes no entries of a stream.
  }

  resume(): void {
    this.#follower.resume();
  }

  /** Waits for the handling of what this consumer has received. */
  whenCaughtUp(onCaughtUp: () => void): void {
    this.#follower.drain(onCaughtUp);
  }

  #consumersOf(channel: FollowedChannel): FollowedGroup {
    const { group, deadLetter, field } = this.options;
    return {
      isFull: (bytes) => channel.isFullForEntry(bytes),
      whenRoom: (resume) => channel.whenRoom(resume),
      deliver: ({ id, fields, deliveries }, acknowledgement) => {
        const entry = deliveredEntry(id, fields, field, channel.binary);
        channel.deliverEntry({ ...entry, acknowledged: { deliveries, ...acknowledgement } });
      },
      onMissed: (since, count) => channel.onMissed(since, count ?? 'unknown'),
      onDeadLetter: ({ id, deliveries }) =>
        channel.onGroupEvent({
          type: 'dead-letter',
          group,
          id,
          deliveries,
          ...(deadLetter && { deadLetter }),
        }),
      onGroupLost: () => channel.onGroupEvent({ type: 'group-lost', group }),
      onFailed: (error) => channel.onFailed(this.#refused(error)),
      // While the client itself is offline, its outage is known.
      onFailing: (error) => {
        if (!this.#hub.isAway) channel.onFailed(failingStream(this.#key, error));
      },
    };
  }

  #refused(error: unknown): RecoveryError {
    return refusedGroup(this.#key, this.options.group, error);
  }
}
