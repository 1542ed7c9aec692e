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
    const [first] = this.#waiting;
    if (!first?.decode) return false;
    this.#waiting.delete(first);
    const { decode } = first;
    settle(first, () => this.#mailbox.open(raw, decode));
    return true;
  }

  /** Gives what waits to who waits. */
  serve(): void {
    for (const pull of this.#waiting) {
      if (this.#mailbox.isEmpty) return;
      this.#waiting.delete(pull);
      const { decode } = pull;
      settle(pull, () => decode && this.#mailbox.take(decode));
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
}

function settle(pull: Pull<unknown>, take: () => Message<unknown> | undefined): void {
  let message;
  try {
    message = take();
  } catch (error) {
    return pull.fail(error as Error);
  }
  pull.give(message);
}
