import type { BufferedSubject } from '../channel/buffered-subject.js';
import type { RawMessage } from '../channel/raw-message.js';
import type { Message } from '../channel.js';
import { HandlingsInHand } from '../queue/handlings-in-hand.js';
import { LinkedMap } from '../queue/linked-map.js';

/** A request for the next message, or for a notice that a message has arrived. */
export interface Pull<T> {
  /** Decodes the message; a pull without `decode` takes no message, and only waits until there is one. */
  readonly decode: ((raw: RawMessage) => Message<T>) | undefined;
  give(message: Message<T> | undefined): void;
  fail(error: Error): void;
  /** Called when no message will come; `hasWaited`: the pull was in the list by then. */
  end(hasWaited: boolean): void;
}

/** The waiting pulls, served in their order. A pull that is cancelled takes no message, even if it is cancelled inside a codec. */
export class Pulls {
  readonly #subject: BufferedSubject<unknown>;
  readonly #waiting = new LinkedMap<Pull<unknown>, undefined>();
  /** The messages that `get()` has returned, and has handled when it is called again. */
  readonly inHand = new HandlingsInHand();
  #isTaking = false;

  constructor(subject: BufferedSubject<unknown>) {
    this.#subject = subject;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  add(pull: Pull<unknown>): void {
    this.#waiting.append(pull, undefined);
    this.serve();
  }

  remove(pull: Pull<unknown>): void {
    this.#waiting.delete(pull);
  }

  /** Gives a new message to the first pull, past the queue; returns false if the message has to wait in the queue. */
  offer(raw: RawMessage): boolean {
    const first = this.#first();
    if (!first?.decode || this.#isTaking) return false;
    const { decode } = first;
    return this.#take(first, (isCancelled) => this.#subject.open(raw, decode, isCancelled));
  }

  /** Gives the waiting messages to the waiting pulls. */
  serve(): void {
    while (this.#waiting.size > 0 && !this.#subject.isEmpty && !this.#isTaking) {
      const first = this.#first() as Pull<unknown>;
      const { decode } = first;
      if (!decode) {
        this.#waiting.delete(first);
        first.give(undefined);
      } else {
        this.#take(first, (isCancelled) => this.#subject.take(decode, isCancelled));
        // Only now, because an observer of the event that reports room in the queue may abort the pull.
        this.#subject.taken();
      }
    }
  }

  end(): void {
    const waiting = this.#waiting.keys();
    this.#waiting.clear();
    for (const pull of waiting) pull.end(true);
  }

  fail(error: Error): void {
    const waiting = this.#waiting.keys();
    this.#waiting.clear();
    for (const pull of waiting) pull.fail(error);
  }

  #first(): Pull<unknown> | undefined {
    return this.#waiting.oldest?.key;
  }

  /** Returns whether the message was taken: a pull that is cancelled inside the codec leaves it in the queue. */
  #take(pull: Pull<unknown>, take: (isCancelled: () => boolean) => Message<unknown> | undefined): boolean {
    let message;
    this.#isTaking = true;
    try {
      message = take(() => !this.#waiting.has(pull));
    } catch (error) {
      if (this.#waiting.delete(pull)) pull.fail(error as Error);
      return true;
    } finally {
      this.#isTaking = false;
    }
    if (!message) return false;
    this.#waiting.delete(pull);
    pull.give(message);
    return true;
  }
}
