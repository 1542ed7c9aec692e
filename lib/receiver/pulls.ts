import type { Mailbox, RawMessage } from '../channel/mailbox.js';
import type { Message } from '../channel/message.js';

/** One who waits for a message, or for there to be one. */
export interface Pull<T> {
  /** Decodes what it takes; a pull without it takes nothing, and only wants to know. */
  readonly decode: ((raw: RawMessage) => Message<T>) | undefined;
  give(message: Message<T> | undefined): void;
  fail(error: Error): void;
  /** None will come. */
  end(): void;
}

/** The pulls that wait, first come first served. */
export class Pulls {
  readonly #mailbox: Mailbox<unknown>;
  readonly #waiting = new Set<Pull<unknown>>();

  constructor(mailbox: Mailbox<unknown>) {
    this.#mailbox = mailbox;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  add(pull: Pull<unknown>): void {
    this.#waiting.add(pull);
    this.serve();
  }

  remove(pull: Pull<unknown>): void {
    this.#waiting.delete(pull);
  }

  /** Takes a message for the first in the line, past the queue; false if it has to wait there. */
  offer(raw: RawMessage): boolean {
    const first = this.#first();
    if (!first?.decode) return false;
    this.#waiting.delete(first);
    let message;
    try {
      message = this.#mailbox.open(raw, first.decode);
    } catch (error) {
      first.fail(error as Error);
      return true;
    }
    first.give(message);
    return true;
  }

  /** Gives what waits to who waits. */
  serve(): void {
    while (this.#waiting.size > 0 && !this.#mailbox.isEmpty) {
      const first = this.#first() as Pull<unknown>;
      this.#waiting.delete(first);
      if (first.decode) this.#take(first, first.decode);
      else first.give(undefined);
    }
  }

  end(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const pull of waiting) pull.end();
  }

  fail(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const pull of waiting) pull.fail(error);
  }

  #first(): Pull<unknown> | undefined {
    return this.#waiting.values().next().value;
  }

  #take(pull: Pull<unknown>, decode: (raw: RawMessage) => Message<unknown>): void {
    let message;
    try {
      message = this.#mailbox.take(decode);
    } catch (error) {
      pull.fail(error as Error);
      return this.#mailbox.taken();
    }
    pull.give(message);
    // Only now: who hears that there is room again may abort the pull.
    this.#mailbox.taken();
  }
}
