import { asapScheduler, type Subscriber, type Subscription } from 'rxjs';
import type { BoundedQueue } from '../queue/bounded-queue.js';
import { HoldableFlow } from '../queue/flow.js';
import { currentHandling, deliverWaiting, handlingOf, kept } from '../queue/handling.js';
import type { Join } from '../queue/fault-list.js';
import type { Message } from '../channel.js';
import type { BufferedSubjectHost } from './buffered-subject-host.js';
import { ObserverList } from './observer-list.js';
import { unpinned, type RawMessage } from './raw-message.js';

/** The number of new observers in a turn that get waiting messages at once: those of `retry()` nest on the stack. */
const MOST_NEWCOMERS = 256;

/**
 * A Subject with a queue. A message goes to the observers at once; it waits in the queue while there are no observers, or while
 * an earlier message is being delivered.
 */
export class BufferedSubject<T> {
  readonly #host: BufferedSubjectHost<T>;
  readonly #createQueue: () => BoundedQueue<RawMessage>;
  /** The queue, created for the first message that has to wait: most Channels never need one. */
  #queue: BoundedQueue<RawMessage> | undefined;
  readonly #observers = new ObserverList<Message<T>>();
  /**
   * The only observer, while the queue is empty and the stream has not ended: a message then needs no other check. Each change
   * clears the field, and `#drain` sets it again.
   */
  #sole: Subscriber<Message<T>> | undefined;
  #isHanding = false;
  #newcomers = 0;
  #welcome: Subscription | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  /** Held by operators that have no room for waiting messages; only if the queue can wait without a loss. */
  #flow: HoldableFlow | undefined;
  /** Held by operators that have no room for waiting entries of streams, which are not to be lost under any policy. */
  #losslessFlow: HoldableFlow | undefined;

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

  /** Delivers or queues a message; `isDecoded`: the consumer gets the message unchanged. */
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
    if (this.#isHanding || !this.isObserved || !this.isEmpty || this.#isHeld) return this.#keep(kept(raw));
    this.#isHanding = true;
    try {
      if (isDecoded) {
        this.#host.counts.delivered++;
        this.#observers.next(raw as Message<unknown> as Message<T>);
      }
      // If all observers unsubscribe inside the codec, the message waits for the next observer.
      else if (!this.#hand(raw)) this.#theQueue().push(unpinned(kept(raw)));
    } finally {
      this.#isHanding = false;
    }
    if (this.#sole === undefined) this.#drain();
  }

  /** Puts an error into the stream, behind the waiting messages. */
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
    // Closed means that another action of the scheduler threw, and that the scheduler has dropped the remaining ones.
    if (this.#welcome?.closed !== false) this.#welcome = asapScheduler.schedule(() => this.#welcomeRest());
    this.#newcomers++;
    if (this.#newcomers <= MOST_NEWCOMERS) this.#drain();
  }

  /** Ends the present observers only. They are removed first: an observer that resubscribes in its error callback is new. */
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
   * Takes the message at the head of the queue, or throws the error there; returns undefined if the queue is empty, or if the
   * consumer was cancelled inside the codec. The caller calls `taken` after it has delivered the message.
   */
  take<U>(decode: (raw: RawMessage) => Message<U>, isCancelled = never): Message<U> | undefined {
    const error = this.#queue?.takeError();
    if (error) throw error;
    const raw = this.#queue?.peek();
    return raw && this.open(raw, decode, isCancelled, () => this.#remove(raw));
  }

  /** Reports to the host, after a `take`, that the queue may have room again. */
  taken(): void {
    this.#host.onTaken?.();
  }

  /** Takes the message at the head of the queue if the message needs no decoding. */
  takePlain(): Message<unknown> | undefined {
    if (this.isObserved) return undefined;
    const message = this.#queue?.shiftPlain();
    if (message !== undefined) this.#host.counts.delivered++;
    return message;
  }

  /** Decodes a message for a waiting consumer; returns undefined if the consumer was cancelled inside the codec. */
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
      handlingOf(raw)?.settle('failed');
      if (remove()) this.#host.onUndecodable(error as Error);
      throw error;
    }
    if (isCancelled() || !remove()) return undefined;
    this.#host.counts.delivered++;
    return message;
  }

  /** Ends the stream: at once, or behind the messages that are being delivered to the observers. */
  end(when: 'now' | 'behind', error?: Error): void {
    this.#end ??= { error };
    this.#sole = undefined;
    if (when === 'now' || !this.#isHanding) this.dismiss(this.#end.error);
  }

  get #isHeld(): boolean {
    return this.#flow?.isHeld === true || this.#losslessFlow?.isHeld === true;
  }

  #flowOf({ source }: RawMessage): HoldableFlow | undefined {
    if (source.kind === 'stream') return (this.#losslessFlow ??= new HoldableFlow(() => this.#drain(), true));
    if (this.#host.bounds.overflow !== 'replay') return undefined;
    return (this.#flow ??= new HoldableFlow(() => this.#drain()));
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
    // An observer may have subscribed inside the event of an overflow.
    if (this.isObserved) this.#drain();
  }

  #drain(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    try {
      while (this.isObserved && !this.isEmpty && !this.#isHeld) this.#handNext();
    } finally {
      this.#isHanding = false;
    }
    if (this.#end) this.dismiss(this.#end.error);
    else this.#sole = this.isEmpty && !this.#isHeld ? this.#observers.sole : undefined;
  }

  #handNext(): void {
    const error = this.#queue?.takeError();
    if (error) return this.dismiss(error);
    const raw = this.#queue?.peek();
    if (raw && this.#hand(raw, () => this.#remove(raw))) this.taken();
  }

  /** Decodes a message and delivers it; returns false if all observers unsubscribed inside the codec. */
  #hand(raw: RawMessage, remove = always): boolean {
    const isCancelled = () => !this.isObserved;
    let message;
    try {
      message = this.open(raw, (from) => this.#host.decode(from), isCancelled, remove);
    } catch (error) {
      this.dismiss(error as Error);
      return true;
    }
    if (message === undefined) return false;
    const delivered = message;
    // A message that has just arrived has the flow of its Channel, and its handling.
    if (remove === always) this.#observers.next(delivered);
    else deliverWaiting(handlingOf(raw), this.#flowOf(raw), () => this.#observers.next(delivered));
    return true;
  }

  /** Removes a message from the head of the queue; returns false if it was dropped meanwhile. */
  #remove(raw: RawMessage): boolean {
    if (this.#queue?.peek() !== raw) return false;
    this.#queue.shift();
    return true;
  }

  #leave(subscriber: Subscriber<Message<T>>): void {
    if (!this.#observers.delete(subscriber)) return;
    this.#sole = undefined;
    if (this.#isHanding) currentHandling()?.onLeft();
    if (this.#end) return;
    if (this.isObserved) this.#host.onLeft?.();
    else this.#host.onDeserted();
  }
}

const never = (): boolean => false;
const always = (): boolean => true;
