import type { LoggedMessage } from '../log/envelope.js';
import { byteSize } from '../queue/byte-size.js';
import { Ring } from '../queue/ring.js';

const MOST_MESSAGES = 1_024;
const MOST_BYTES = 1024 * 1024;

/** The latest messages that wait. The log has all of them: the first ones are dropped to stay within the bounds. */
export class HeldMessages {
  readonly #messages = new Ring<LoggedMessage>();
  #bytes = 0;

  get first(): LoggedMessage | undefined {
    return this.#messages.at(0);
  }

  get last(): LoggedMessage | undefined {
    return this.#messages.at(this.#messages.length - 1);
  }

  /** Returns false if the first messages were dropped. */
  push(message: LoggedMessage): boolean {
    this.#messages.push(message);
    this.#bytes += byteSize(message.payload);
    const { length } = this.#messages;
    while (this.#isTooMuch()) this.shift();
    return this.#messages.length === length;
  }

  #isTooMuch(): boolean {
    return this.#messages.length > MOST_MESSAGES || (this.#bytes > MOST_BYTES && this.#messages.length > 1);
  }

  shift(): LoggedMessage | undefined {
    const message = this.#messages.shift();
    if (message) this.#bytes -= byteSize(message.payload);
    return message;
  }

  /** Drops the first messages for which the condition is true. */
  dropWhile(condition: (message: LoggedMessage) => boolean): void {
    for (let { first } = this; first && condition(first); first = this.first) this.shift();
  }

  clear(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }
}
