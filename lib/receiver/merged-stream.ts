import type { Subscriber } from 'rxjs';
import type { DecodeError, Message, ReceiverEvent } from '../channel.js';
import { BufferedSubject } from '../channel/buffered-subject.js';
import type { BufferedSubjectHost } from '../channel/buffered-subject-host.js';
import { isKept, type RawMessage } from '../channel/raw-message.js';
import { ReceiverBusyError } from '../errors/errors.js';
import { tell } from '../outbox.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import { abandonCurrent, handlingOf } from '../queue/handling.js';
import { refusesWithError, type Bounds } from '../queue/buffer-options.js';
import { decodeByChannel } from './decoder.js';
import { OverflowEpisode } from '../channel/overflow-episode.js';
import { Pulls } from './pulls.js';
import type { ReceiverStats } from './stats.js';

export interface MergedStreamOptions {
  readonly bounds: Bounds;
  readonly onGap: 'event' | 'error';
  readonly topics: object | undefined;
  readonly emit: (event: ReceiverEvent) => void;
  /** Called when the first observer has subscribed, before it receives the waiting messages. */
  readonly onObserved: () => void;
  /** Called when the last observer has unsubscribed. */
  readonly onDeserted: () => void;
}

/** The messages of all Channels of a Receiver, which go through one queue to the observers or the pulls. */
export class MergedStream implements BufferedSubjectHost<unknown> {
  readonly subject: BufferedSubject<unknown>;
  readonly pulls: Pulls;
  readonly counts = {
    received: 0,
    delivered: 0,
    dropped: 0,
    late: 0,
    undecodable: 0,
    unmatched: 0,
    recovered: 0,
  };
  readonly bounds: Bounds;
  readonly decode = decodeByChannel;
  readonly onObserved: () => void;
  readonly onDeserted: () => void;
  /** True if the queue may contain messages that have to be decoded. */
  hasCodecs = false;
  /** True if a recoverable Channel has been registered. */
  hasLogs = false;
  /** True if a Channel of a group has been registered. */
  hasGroups = false;
  readonly #emit: (event: ReceiverEvent) => void;
  readonly #topics: object | undefined;
  readonly #queue: BoundedQueue<RawMessage>;
  readonly #episode: OverflowEpisode;
  /** The Channels that wait for room. */
  #waiting: (() => void)[] = [];

  constructor({ bounds, onGap, topics, emit, onObserved, onDeserted }: MergedStreamOptions) {
    this.#emit = emit;
    this.#topics = topics;
    this.bounds = bounds;
    this.onObserved = onObserved;
    this.onDeserted = onDeserted;
    this.#episode = new OverflowEpisode(bounds.overflow, emit);
    const lossError =
      onGap === 'error' && !refusesWithError(bounds.overflow) ? () => this.#episode.witness() : undefined;
    this.#queue = new BoundedQueue({
      bounds,
      onDrop: (raw) => this.#onDrop(raw),
      lossError,
      isKept,
    });
    this.subject = new BufferedSubject<unknown>(this, () => this.#queue);
    this.pulls = new Pulls(this.subject);
  }

  get stats(): Omit<ReceiverStats, 'gaps'> {
    const { unmatched, recovered, ...counts } = this.counts;
    const { length: buffered, bytes: bufferedBytes, highWater } = this.#queue;
    const queue = { buffered, bufferedBytes, highWater };
    return { ...counts, ...queue, ...(this.#topics && { unmatched }), ...(this.hasLogs && { recovered }) };
  }

  /** Delivers or queues a message; `isDecoded`: the consumer gets the message unchanged. */
  accept(raw: RawMessage, isDecoded: boolean): void {
    this.counts.received++;
    this.subject.push(raw, isDecoded);
  }

  /** Counts a message that goes to nobody. */
  ignore(reason: 'late' | 'unmatched'): void {
    abandonCurrent();
    this.counts[reason]++;
  }

  /** Returns the number of messages of this size for which a share of the queue has room. */
  roomFor(bytes: number, share?: number): number {
    return this.#queue.roomFor(bytes, share);
  }

  /** Calls back, once, when less than half of the queue is in use. */
  whenRoom(resume: () => void): void {
    this.#waiting.push(resume);
  }

  observe(subscriber: Subscriber<Message<unknown>>): void {
    if (!this.pulls.isWaiting) return this.subject.observe(subscriber);
    const advice =
      'A pull waits for the next message. Let it settle, or abort it, before you observe the Receiver.';
    subscriber.error(new ReceiverBusyError(advice));
  }

  /** Takes a waiting message if there is nothing to decode, announce or throw before. */
  takePlain(): Message<unknown> | undefined {
    return this.hasCodecs || this.hasGroups || this.#episode.isRunning || this.#waiting.length > 0
      ? undefined
      : this.subject.takePlain();
  }

  /** Takes the message at the head of the queue, or throws the error there. */
  take<T>(decode: (raw: RawMessage) => Message<T>): Message<T> | undefined {
    try {
      return this.subject.take(decode);
    } finally {
      this.subject.taken();
    }
  }

  end(when: 'now' | 'behind', error: Error | undefined): void {
    this.#episode.end();
    tell(() => this.subject.end(when, error));
    if (error) this.pulls.fail(error);
    else this.pulls.end();
  }

  onUndecodable(error: Error): void {
    this.counts.undecodable++;
    this.#emit({ type: 'decode-error', error: error as DecodeError });
  }

  onTaken(): void {
    if (!this.#queue.isRelaxed) return;
    if (this.#episode.isRunning) this.#episode.end();
    if (this.#waiting.length > 0) this.#onRoom();
  }

  onWaiting(): void {
    this.pulls.serve();
  }

  offer(raw: RawMessage): boolean {
    return this.pulls.offer(raw);
  }

  #onRoom(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #onDrop(raw: RawMessage): void {
    handlingOf(raw)?.end('abandoned');
    this.counts.dropped++;
    this.#episode.drop(raw.source);
    // A message that is larger than the whole buffer is dropped although there is room.
    this.onTaken();
  }
}
