import { type Subscriber } from 'rxjs';
import type { DecodeError } from '../errors/errors.js';
import { BoundedQueue } from '../queue/bounded-queue.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { ReceiverEvent } from './events.js';
import { Grace } from './grace.js';
import { Mailbox, type MailboxHost, type RawMessage } from './mailbox.js';
import type { Message } from './message.js';

/** What they need of their Channel. */
export interface ObservedChannel<T> {
  readonly bounds: Bounds;
  /** Whether the Receiver takes its messages too, and counts them. */
  readonly isMerged: boolean;
  readonly counts: MailboxHost<T>['counts'];
  decode(raw: RawMessage): Message<T>;
  count(what: 'received' | 'undecodable' | 'dropped'): void;
  emit(event: ReceiverEvent): void;
  /** The first has come: before it gets what waits. */
  onObserved(): void;
  /** The last has left, and nobody has come in its place. */
  onDeserted(): void;
}

const COUNTED_ELSEWHERE = { delivered: 0 };

/** The observers of a Channel of its own, and for a moment after the last has left. */
export class OwnObservers<T> implements MailboxHost<T> {
  readonly #channel: ObservedChannel<T>;
  readonly #mailbox: Mailbox<T>;
  readonly #grace = new Grace();

  constructor(channel: ObservedChannel<T>) {
    this.#channel = channel;
    const queue = new BoundedQueue<RawMessage>({
      bounds: channel.bounds,
      onDrop: () => this.#count('dropped'),
    });
    this.#mailbox = new Mailbox<T>(this, queue);
  }

  observe(subscriber: Subscriber<Message<T>>): void {
    this.#mailbox.observe(subscriber);
  }

  /** `isDecoded`: the message is as they want it. */
  receive(raw: RawMessage, isDecoded: boolean): void {
    this.#count('received');
    this.#mailbox.push(raw, isDecoded);
  }

  /** Puts an error into their stream. */
  place(error: Error): void {
    this.#mailbox.place(error);
  }

  /** Ends those who are there now with an error that is theirs alone. */
  fail(error: Error): void {
    this.#mailbox.fail(error);
  }

  end(when: 'now' | 'behind', error?: Error): void {
    this.#grace.cancel();
    this.#mailbox.end(when, error);
  }

  decode(raw: RawMessage): Message<T> {
    return this.#channel.decode(raw);
  }

  get counts(): MailboxHost<T>['counts'] {
    return this.#channel.isMerged ? COUNTED_ELSEWHERE : this.#channel.counts;
  }

  onUndecodable(error: Error): void {
    this.#count('undecodable');
    if (!this.#channel.isMerged) this.#channel.emit({ type: 'decode-error', error: error as DecodeError });
  }

  onObserved(): void {
    this.#grace.cancel();
    this.#channel.onObserved();
  }

  onDeserted(): void {
    this.#grace.start(() => this.#channel.onDeserted());
  }

  /** What the Receiver takes too counts there. */
  #count(what: 'received' | 'undecodable' | 'dropped'): void {
    if (!this.#channel.isMerged) this.#channel.count(what);
  }
}
