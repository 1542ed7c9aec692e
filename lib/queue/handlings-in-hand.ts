import type { Handling, Outcome } from './handling.js';

/** The messages that a loop has received: it has handled them when it asks for the next one, and abandons them when it ends. */
export class HandlingsInHand {
  #handlings: Handling[] | undefined;

  /** Adds a part in a handling, which `endAll` ends; a message that is not to be acknowledged has none. */
  add(handling: Handling | undefined): void {
    if (handling) (this.#handlings ??= []).push(handling);
  }

  endAll(outcome: Outcome): void {
    const handlings = this.#handlings;
    if (!handlings) return;
    this.#handlings = undefined;
    for (const handling of handlings) handling.end(outcome);
  }
}
