import { asapScheduler, type Subscriber, type Subscription } from 'rxjs';
import type { BoundedQueue } from '../queue/bounded-queue.js';
import type { Join } from '../queue/fault-list.js';
import type { Message } from '../channel.js';
import { ObserverList } from './observer-list.js';
import { unpinned, type RawMessage } from './raw-message.js';

/** How many observers in one turn get what waits at once; those of `retry()` and `repeat()` stand on one another's stack. */
const MOST_NEWCOMERS = 256;

/** The part of a Receiver or a Channel that its subject needs. */
export interface BufferedSubjectHost<T> {
  /** Counts to which each delivered message is added. */
  readonly counts: { delivered: number };
  /** Throws the error that the consumer is to get. */
  decode(raw: RawMessage): Message<T>;
  /** Hears of an error that `decode` has thrown. */
  onUndecodable(error: Error): void;
  /** Hears that a message has left the queue. */
  onTaken?(): void;
  /** Hears that something waits that no observer takes, and nothing did before. */
  onWaiting?(): void;
  /** Takes a message that would have to wait; false if it has to. */
  offer?(raw: RawMessage): boolean;
  /** Hears that the first observer has come, before that observer gets what waits. */
  onObserved(): void;
  /** Hears that the last observer has left. */
  onDeserted(): void;
  /** Hears that an observer has left, and others stay. */
  onLeft?(): void;
}

/**
 * Messages on their way to their consumer: handed to the observers at once, and queued while there are none, or while an
 * earlier message is still being handed over.
 */
export class BufferedSubject<T> {
  readonly #host: BufferedSubjectHost<T>;
  readonly #createQueue: () => BoundedQueue<RawMessage>;
  /** The queue, made when something has to wait for the first time: for most Channels nothing ever does. */
  #queue: BoundedQueue<RawMessage> | undefined;
  readonly #observers = new ObserverList<Message<T>>();
  /**
   * The only observer, while nothing waits and nothing has ended, so that a message needs no look at anything else. Every
   * change of that clears the field, and `#drain` sets it again.
   */
  #sole: Subscriber<Message<T>> | undefined;
  #isHanding = false;
  #newcomers = 0;
  #welcome: Subscription | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(host: BufferedSubjectHost<T>, createQueue: () => BoundedQueue<RawMessage>) {
    this.#host = host;
    this.#createQueue = createQueue;
  }

  get isObserved(): boolean {
    return this.#observers.size > 0;
  }

  get isEmpty(): boolean {
    return this.#queue === undefined || this.#queue.isEmpty;
  }

  /** Hands a message over or queues it; `isDecoded`: it is in its consumer's form already. */
  push(raw: RawMessage, isDecoded: boolean): void {
    const sole = this.#sole;
    if (sole === undefined || !isDecoded || this.#isHanding) return this.#pushInTurn(raw, isDecoded);
    this.#isHanding = true;
    this.#host.counts.delivered++;
    try {
      sole.next(raw as Message<unknown> as Message<T>);
    } finally {
      this.#isHanding = false;
    }
    if (this.#sole === undefined) this.#drain();
  }

  #pushInTurn(raw: RawMessage, isDecoded: boolean): void {
    if (this.#isHanding || !this.isObserved || !this.isEmpty) return this.#keep(raw);
    this.#isHanding = true;
    try {
      if (isDecoded) {
        this.#host.counts.delivered++;
        this.#observers.next(raw as Message<unknown> as Message<T>);
      }
      // The only observer has left inside the codec: the message waits for the next one.
      else if (!this.#hand(raw)) this.#theQueue().push(unpinned(raw));
    } finally {
      this.#isHanding = false;
    }
    if (this.#sole === undefined) this.#drain();
  }

  /** Puts an error into the stream, behind what waits. */
  place(error: Error, join?: Join): void {
    this.#sole = undefined;
    this.#theQueue().place(error, join);
    this.#drain();
    if (!this.isEmpty) this.#host.onWaiting?.();
  }

  observe(subscriber: Subscriber<Message<T>>): void {
    if (subscriber.closed) return;
    const isFirst = !this.isObserved;
    this.#observers.add(subscriber);
    this.#sole = undefined;
    subscriber.add(() => this.#leave(subscriber));
    if (isFirst && !this.#end) this.#host.onObserved();
    if (this.isEmpty) return this.#drain();
    // Closed: another action of the scheduler threw, and the scheduler has dropped the rest.
    if (this.#welcome?.closed !== false) this.#welcome = asapScheduler.schedule(() => this.#welcomeRest());
    this.#newcomers++;
    if (this.#newcomers <= MOST_NEWCOMERS) this.#drain();
  }

  /** Ends the present observers alone. They leave first: an observer that comes back inside its error callback is new. */
  dismiss(error: Error | undefined): void {
    const observers = this.#observers.clear();
    this.#sole = undefined;
    for (const observer of observers) {
      if (error) observer.error(error);
      else observer.complete();
    }
    if (observers.length > 0 && !this.isObserved && !this.#end) this.#host.onDeserted();
  }

  /**
   * Takes the message at the head; throws the error that stands there; undefined if nothing waits, or if its consumer has
   * been cancelled inside the codec. The caller calls `taken` next, once the message is where it belongs.
   */
  take<U>(decode: (raw: RawMessage) => Message<U>, isCancelled = never): Message<U> | undefined {
    const error = this.#queue?.takeError();
    if (error) throw error;
    const raw = this.#queue?.peek();
    return raw && this.open(raw, decode, isCancelled, () => this.#remove(raw));
  }

  /** Tells the host, after a `take`, that the queue may have room again. */
  taken(): void {
    this.#host.onTaken?.();
  }

  /** Takes the message at the head if it needs nothing else: it is in its consumer's form already. */
  takePlain(): Message<unknown> | undefined {
    if (this.isObserved) return undefined;
    const message = this.#queue?.shiftPlain();
    if (message !== undefined) this.#host.counts.delivered++;
    return message;
  }

  /** Decodes for a consumer that is there to take the message; undefined if it has been cancelled inside the codec. */
  open<U>(
    raw: RawMessage,
    decode: (raw: RawMessage) => Message<U>,
    isCancelled = never,
    remove = always,
  ): Message<U> | undefined {
    let message;
    try {
      message = decode(raw);
    } catch (error) {
      if (remove()) this.#host.onUndecodable(error as Error);
      throw error;
    }
    if (isCancelled() || !remove()) return undefined;
    this.#host.counts.delivered++;
    return message;
  }

  /** Ends the stream: at once for the present observers, or behind the messages on their way to them. */
  end(when: 'now' | 'behind', error?: Error): void {
    this.#end ??= { error };
    this.#sole = undefined;
    if (when === 'now' || !this.#isHanding) this.dismiss(this.#end.error);
  }

  #theQueue(): BoundedQueue<RawMessage> {
    return (this.#queue ??= this.#createQueue());
  }

  #welcomeRest(): void {
    this.#newcomers = 0;
    this.#welcome = undefined;
    this.#drain();
  }

  #keep(raw: RawMessage): void {
    const isFirst = this.isEmpty;
    if (isFirst && this.#host.offer?.(raw)) return;
    this.#sole = undefined;
    this.#theQueue().push(unpinned(raw));
    if (isFirst) this.#host.onWaiting?.();
    // An observer may have come inside the event of an overflow.
    if (this.isObserved) this.#drain();
  }

  #drain(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    try {
      while (this.isObserved && !this.isEmpty) this.#handNext();
    } finally {
      this.#isHanding = false;
    }
    if (this.#end) this.dismiss(this.#end.error);
    else this.#sole = this.isEmpty ? this.#observers.sole : undefined;
  }

  #handNext(): void {
    const error = this.#queue?.takeError();
    if (error) return this.dismiss(error);
    const raw = this.#queue?.peek();
    if (raw && this.#hand(raw, () => this.#remove(raw))) this.taken();
  }

  /** Decodes a message and hands it to the observers; false where all of them have left inside the codec. */
  #hand(raw: RawMessage, remove = always): boolean {
    const isCancelled = () => !this.isObserved;
    let message;
    try {
      message = this.open(raw, (from) => this.#host.decode(from), isCancelled, remove);
    } catch (error) {
      this.dismiss(error as Error);
      return true;
    }
    if (message) this.#observers.next(message);
    return message !== undefined;
  }

  /** Takes a message off the head; false where it has been dropped meanwhile. */
  #remove(raw: RawMessage): boolean {
    if (this.#queue?.peek() !== raw) return false;
    this.#queue.shift();
    return true;
  }

  #leave(subscriber: Subscriber<Message<T>>): void {
    if (!this.#observers.delete(subscriber)) return;
    this.#sole = undefined;
    if (this.#end) return;
    if (this.isObserved) this.#host.onLeft?.();
    else this.#host.onDeserted();
  }
}

const never = (): boolean => false;
const always = (): boolean => true;
