import type { LoggedMessage } from '../log/envelope.js';
import type { Channel } from '../channel.js';
import type { ChannelKind } from '../channel-kind.js';
import { enterFlow, HoldableFlow, leaveFlow } from '../queue/flow.js';
import type { GroupEvent } from '../group-event.js';
import type { DeliveredEntry, FollowedChannel } from '../recovery/followed-channel.js';
import type { Follower, FollowerSource } from '../recovery/follower.js';
import type { Missing } from '../recovery/log-position.js';
import type { RecoveryError } from '../recovery/recovery-error.js';
import type { ChannelOwner } from './channel-owner.js';
import { entryMessage, type RawMessage } from './raw-message.js';

/** The part of a Channel's core that the follower of its log needs. */
export interface RecoverableCore {
  readonly channel: Channel<unknown>;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly binary: boolean;
  readonly isMerged: boolean;
  /** Returns the number of messages of this size that can wait for the Channel's own observers, in a share of the queue. */
  ownRoom(bytes: number, share?: number): number;
  /** Hands a message to the observers of the Channel, and to the Receiver. */
  deliver(data: string | Buffer, channel: string, rawChannel?: Buffer, id?: string): void;
  /** Hands on a message that is complete. */
  hand(raw: RawMessage): void;
}

/**
 * The part of a queue that entries of streams may fill: they can wait in Redis, and leave the rest to messages that cannot. The
 * queue asks for more when less than half of it is in use.
 */
const SHARE_OF_ENTRIES = 0.75;

/** Returns a follower of the log or stream of a Channel. */
export function followSource<C extends RecoverableCore>(
  core: C,
  owner: ChannelOwner<C>,
  source: FollowerSource,
): Follower {
  return source.follow(new FollowedCore(core, owner));
}

/** The consumers of a recoverable Channel, as the follower of its log sees them. */
class FollowedCore<C extends RecoverableCore> implements FollowedChannel {
  readonly #core: C;
  readonly #owner: ChannelOwner<C>;
  /** Held by operators that have no room for another message of the Channel. */
  readonly #flow: HoldableFlow;
  #onRoom: (() => void) | undefined;
  /** True while a callback waits for room in the queue of the Receiver. */
  #isInLine = false;
  #isUnloggedTold = false;

  constructor(core: C, owner: ChannelOwner<C>) {
    this.#core = core;
    this.#flow = new HoldableFlow(() => this.#resume(), core.kind === 'stream');
    this.#owner = owner;
  }

  get heartbeat(): number {
    return this.#owner.heartbeat;
  }

  get binary(): boolean {
    return this.#core.binary;
  }

  roomForEntries(bytes: number): number {
    return this.#roomFor(bytes, SHARE_OF_ENTRIES);
  }

  isFullForEntry(bytes: number): boolean {
    return this.#flow.isHeld || this.#roomFor(bytes, SHARE_OF_ENTRIES) < 1;
  }

  deliverEntry(entry: DeliveredEntry): void {
    const { channel, name } = this.#core;
    const outer = enterFlow(this.#flow);
    try {
      this.#core.hand(entryMessage(channel as RawMessage['source'], name, entry));
    } finally {
      leaveFlow(outer);
    }
  }

  onGroupEvent(event: GroupEvent): void {
    this.#owner.emit({ ...event, source: this.#core.channel });
  }

  isFull(bytes: number, isLive: boolean): boolean {
    if (this.#flow.isHeld) return true;
    // Under the other policies, a message that arrives is dropped as the policy says.
    if (isLive && this.#owner.bounds.overflow !== 'replay') return false;
    return this.#roomFor(bytes) < 1;
  }

  whenRoom(resume: () => void): void {
    this.#onRoom = resume;
    // The queue of the Receiver may never have been full, and keeps what waits for it.
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#owner.stream.whenRoom(() => {
      this.#isInLine = false;
      this.#resume();
    });
  }

  deliver({ payload, channel, rawChannel, idText }: LoggedMessage): void {
    const { binary, name } = this.#core;
    const data = binary || typeof payload === 'string' ? payload : payload.toString();
    const raw = channel === undefined && binary ? Buffer.from(name) : rawChannel;
    this.#isUnloggedTold = false;
    const outer = enterFlow(this.#flow);
    try {
      this.#core.deliver(data, channel ?? name, raw, idText);
    } finally {
      leaveFlow(outer);
    }
  }

  deliverUnlogged(data: string | Buffer, channel: string, rawChannel: Buffer | undefined): void {
    if (!this.#isUnloggedTold)
      this.#owner.emit({ type: 'unrecoverable', source: this.#core.channel, channel });
    this.#isUnloggedTold = true;
    this.#core.deliver(data, channel, rawChannel);
  }

  onMissed(since: number, missing: Missing): void {
    const gap = missing === 'unknown' ? { since } : { since, dropped: missing };
    this.#owner.onMissed(this.#core, gap);
  }

  onRecovered(count: number): void {
    this.#owner.stream.counts.recovered += count;
    this.#owner.emit({ type: 'recovered', source: this.#core.channel, count });
  }

  onFailed(error: RecoveryError): void {
    this.#owner.emit({ type: 'recovery-error', source: this.#core.channel, error });
  }

  #roomFor(bytes: number, share?: number): number {
    const own = this.#core.ownRoom(bytes, share);
    return this.#core.isMerged ? Math.min(own, this.#owner.stream.roomFor(bytes, share)) : own;
  }

  #resume(): void {
    const resume = this.#onRoom;
    this.#onRoom = undefined;
    resume?.();
  }
}
