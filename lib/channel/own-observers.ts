import type { DecodeError, Message } from '../channel.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import { handlingOf } from '../queue/handling.js';
import { BufferedSubject } from './buffered-subject.js';
import type { BufferedSubjectHost } from './buffered-subject-host.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { ChannelOwner, MessageCounts } from './channel-owner.js';
import { Grace } from './grace.js';
import { isKept, type RawMessage } from './raw-message.js';

/** The part of a Channel's core that its observers need. */
export interface ObservedChannel<T> {
  /** True while the Receiver takes the messages too, and counts them. */
  readonly isMerged: boolean;
  decode(raw: RawMessage): Message<T>;
  /** Called when less than half of the queue is in use. */
  onRoom(): void;
  /** Called when the first observer has subscribed, before it receives the waiting messages. */
  onObserved(): void;
  /** Called when the last observer has left and the grace period is over. */
  onDeserted(): void;
}

type ObservedReceiver = Pick<ChannelOwner<never>, 'bounds' | 'stream' | 'emit'>;

/** Discarded counts: when the Receiver takes these messages too, it does the counting. */
const COUNTED_ELSEWHERE: MessageCounts = { received: 0, delivered: 0, dropped: 0, undecodable: 0 };

/** The observers of one Channel, until the grace period of the last observer is over. */
export class OwnObservers<T> implements BufferedSubjectHost<T> {
  readonly subject: BufferedSubject<T>;
  readonly #channel: ObservedChannel<T>;
  readonly #receiver: ObservedReceiver;
  readonly #grace = new Grace();
  #queue: BoundedQueue<RawMessage> | undefined;
  #isBeingLeft = false;

  constructor(channel: ObservedChannel<T>, receiver: ObservedReceiver) {
    this.#channel = channel;
    this.#receiver = receiver;
    const { bounds } = receiver;
    const onDrop = (raw: RawMessage) => {
      handlingOf(raw)?.end('abandoned');
      this.counts.dropped++;
    };
    const createQueue = () => (this.#queue = new BoundedQueue<RawMessage>({ bounds, onDrop, isKept }));
    this.subject = new BufferedSubject<T>(this, createQueue);
  }

  /** Delivers or queues a message; `isDecoded`: the observers get the message unchanged. */
  receive(raw: RawMessage, isDecoded: boolean): void {
    this.counts.received++;
    this.subject.push(raw, isDecoded);
  }

  /** Returns the number of messages of this size that can wait, in this share of the queue. */
  roomFor(bytes: number, share?: number): number {
    return this.#queue?.roomFor(bytes, share) ?? Infinity;
  }

  onTaken(): void {
    if (this.#queue?.isRelaxed) this.#channel.onRoom();
  }

  /** Returns the waiting messages, which nobody will take. */
  discard(): void {
    for (let raw = this.#queue?.shift(); raw; raw = this.#queue?.shift()) handlingOf(raw)?.end('returned');
  }

  end(when: 'now' | 'behind', error?: Error): void {
    this.#grace.cancel();
    this.subject.end(when, error);
  }

  get bounds(): Bounds {
    return this.#receiver.bounds;
  }

  decode(raw: RawMessage): Message<T> {
    return this.#channel.decode(raw);
  }

  /** True if an observer has left in this turn and others remain. */
  get isBeingLeft(): boolean {
    return this.#isBeingLeft;
  }

  /** True during the grace period after the last observer has left. */
  get isDeserted(): boolean {
    return this.#grace.isRunning;
  }

  onLeft(): void {
    if (this.#isBeingLeft) return;
    this.#isBeingLeft = true;
    queueMicrotask(() => (this.#isBeingLeft = false));
  }

  get counts(): MessageCounts {
    return this.#channel.isMerged ? COUNTED_ELSEWHERE : this.#receiver.stream.counts;
  }

  onUndecodable(error: Error): void {
    this.counts.undecodable++;
    if (!this.#channel.isMerged) this.#receiver.emit({ type: 'decode-error', error: error as DecodeError });
  }

  onObserved(): void {
    this.#grace.cancel();
    this.#channel.onObserved();
  }

  onDeserted(): void {
    this.#grace.start(() => this.#channel.onDeserted());
  }
}
