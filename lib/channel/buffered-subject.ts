import { asapScheduler, type Subscriber, type Subscription } from 'rxjs';
import type { BoundedQueue } from '../queue/bounded-queue.js';
import type { Join } from '../queue/fault-list.js';
import type { Message } from '../channel.js';

/** A message as Redis delivered it. */
export type RawMessage = Message<string | Buffer>;

/** How many observers in one turn get what waits at once; those of `retry()` and `repeat()` stand on one another's stack. */
const MOST_NEWCOMERS = 256;
const NOBODY: readonly never[] = [];

/** What a subject needs of whom it belongs to. */
export interface BufferedSubjectHost<T> {
  /** Where what is delivered is counted. */
  readonly counts: { delivered: number };
  /** Throws what the consumer is to get. */
  decode(raw: RawMessage): Message<T>;
  /** `decode` has thrown this. */
  onUndecodable(error: Error): void;
  /** A message has left the queue. */
  onTaken?(): void;
  /** Something waits that no observer takes, and nothing did before. */
  onWaiting?(): void;
  /** Offers a message that would have to wait; true if it was taken. */
  offer?(raw: RawMessage): boolean;
  /** The first observer has come: before it gets what waits. */
  onObserved(): void;
  /** The last observer has left. */
  onDeserted(): void;
  /** An observer has left, and others stay. */
  onLeft?(): void;
}

/**
 * Messages on their way to who consumes them: handed to the observers at once, and queued while there are none, or
 * while an earlier one is still being handed over.
 */
export class BufferedSubject<T> {
  readonly #host: BufferedSubjectHost<T>;
  readonly #createQueue: () => BoundedQueue<RawMessage>;
  /** Made when something has to wait for the first time, which for most Channels never comes. */
  #queue: BoundedQueue<RawMessage> | undefined;
  readonly #observers = new Set<Subscriber<Message<T>>>();
  /** The observers as they are now, made anew for the first message after a change. */
  #current: readonly Subscriber<Message<T>>[] | undefined;
  /**
   * The only observer, while nothing waits, nothing has ended and so nothing is to be looked at for each message: whatever
   * changes that takes it away, and `#settle` gives it back.
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

  /** `isDecoded`: the message is as its consumer wants it. */
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
    if (this.#isHanding || !this.#isReady) return this.#keep(raw);
    this.#isHanding = true;
    try {
      if (isDecoded) this.#give(raw as Message<unknown> as Message<T>);
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
    const isFirst = this.#observers.size === 0;
    this.#observers.add(subscriber);
    this.#onObserversChanged();
    subscriber.add(() => this.#leave(subscriber));
    if (isFirst && !this.#end) this.#host.onObserved();
    if (this.isEmpty) return this.#drain();
    // Closed: somebody else's action threw, and the scheduler has dropped the rest.
    if (this.#welcome?.closed !== false) this.#welcome = asapScheduler.schedule(() => this.#welcomeRest());
    this.#newcomers++;
    if (this.#newcomers <= MOST_NEWCOMERS) this.#drain();
  }

  /** Ends those who observe it now with an error that is theirs alone. */
  fail(error: Error): void {
    this.#dismiss(error);
  }

  /**
   * Takes the message at the head; throws the error that stands there; undefined if nothing waits, or if its consumer has
   * been cancelled inside the codec. To be followed by `taken`, once the message is where it belongs.
   */
  take<U>(decode: (raw: RawMessage) => Message<U>, isCancelled = never): Message<U> | undefined {
    const error = this.#queue?.takeError();
    if (error) throw error;
    const raw = this.#queue?.peek();
    return raw && this.open(raw, decode, isCancelled, () => this.#remove(raw));
  }

  /** What waited has been taken: the queue may have room again, and say so. */
  taken(): void {
    this.#host.onTaken?.();
  }

  /** Takes the message at the head if no more is to be done than to take it: it is as its consumer wants it. */
  takePlain(): Message<unknown> | undefined {
    if (this.#observers.size > 0) return undefined;
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

  /** Ends the stream: at once for those who observe it now, or behind what is on its way to them. */
  end(when: 'now' | 'behind', error?: Error): void {
    this.#end ??= { error };
    this.#sole = undefined;
    if (when === 'now' || !this.#isHanding) this.#finish();
  }

  /** Whether a message that comes now can be handed over at once. */
  get #isReady(): boolean {
    return this.#observers.size > 0 && this.isEmpty;
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
    // Inside the event of an overflow somebody may have come.
    if (this.#observers.size > 0) this.#drain();
  }

  #drain(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    try {
      while (this.#observers.size > 0 && !this.isEmpty) this.#handNext();
    } finally {
      this.#isHanding = false;
    }
    if (this.#end) this.#finish();
    else this.#settle();
  }

  #settle(): void {
    const isSole = this.#observers.size === 1 && this.isEmpty && !this.#end;
    this.#sole = isSole ? this.#list()[0] : undefined;
  }

  #handNext(): void {
    const error = this.#queue?.takeError();
    if (error) return this.#dismiss(error);
    const raw = this.#queue?.peek();
    if (raw && this.#hand(raw, () => this.#remove(raw))) this.taken();
  }

  /** Decodes a message and hands it to the observers; false where all of them have left inside the codec. */
  #hand(raw: RawMessage, remove = always): boolean {
    let message;
    try {
      message = this.open(
        raw,
        (from) => this.#host.decode(from),
        () => this.#observers.size === 0,
        remove,
      );
    } catch (error) {
      this.#dismiss(error as Error);
      return true;
    }
    if (message) this.#giveEach(message);
    return message !== undefined;
  }

  /** Takes a message off the head; false where it has been dropped meanwhile. */
  #remove(raw: RawMessage): boolean {
    if (this.#queue?.peek() !== raw) return false;
    this.#queue.shift();
    return true;
  }

  #give(message: Message<T>): void {
    this.#host.counts.delivered++;
    this.#giveEach(message);
  }

  #giveEach(message: Message<T>): void {
    const observers = this.#list();
    for (let i = 0; i < observers.length; i++) (observers[i] as Subscriber<Message<T>>).next(message);
  }

  /** The observers leave first, so that one who comes back from inside its error callback is a new one. */
  #dismiss(error: Error | undefined): void {
    const observers = this.#list();
    this.#observers.clear();
    this.#onObserversChanged();
    for (const observer of observers) {
      if (error) observer.error(error);
      else observer.complete();
    }
    if (observers.length > 0 && this.#observers.size === 0 && !this.#end) this.#host.onDeserted();
  }

  #finish(): void {
    if (this.#end) this.#dismiss(this.#end.error);
  }

  #leave(subscriber: Subscriber<Message<T>>): void {
    if (!this.#observers.delete(subscriber)) return;
    this.#onObserversChanged();
    if (this.#end) return;
    if (this.#observers.size === 0) this.#host.onDeserted();
    else this.#host.onLeft?.();
  }

  #list(): readonly Subscriber<Message<T>>[] {
    return (this.#current ??= this.#observers.size === 0 ? NOBODY : [...this.#observers]);
  }

  #onObserversChanged(): void {
    this.#current = undefined;
    this.#sole = undefined;
  }
}

const never = (): boolean => false;
const always = (): boolean => true;

/** A small Buffer that the client cut from a chunk would keep the whole chunk alive for as long as it waits. */
function unpinned(raw: RawMessage): RawMessage {
  const { data } = raw;
  if (typeof data === 'string' || data.buffer.byteLength <= 2 * data.byteLength) return raw;
  return { ...raw, data: Buffer.from(data) };
}
