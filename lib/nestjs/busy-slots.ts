import { timer, type Subscription } from 'rxjs';

/** Milliseconds that all slots have to be busy before that is told: a burst is no news. */
const TOLD_AFTER = 1_000;

/**
 * Counts the messages that are handled and those that wait, and tells once an episode that all slots are busy. An episode
 * ends when nothing waits any more.
 */
export class BusySlots {
  readonly #concurrent: number;
  readonly #onFull: (waiting: number) => void;
  #running = 0;
  #waiting = 0;
  #episode: Subscription | undefined;

  constructor(concurrent: number, onFull: (waiting: number) => void) {
    this.#concurrent = concurrent;
    this.#onFull = onFull;
  }

  arrive(): void {
    this.#waiting++;
    this.#begin();
  }

  start(): void {
    this.#running++;
    this.#leave();
    this.#begin();
  }

  drop(): void {
    this.#leave();
  }

  end(): void {
    this.#running--;
  }

  stop(): void {
    this.#episode?.unsubscribe();
  }

  #leave(): void {
    if (--this.#waiting > 0) return;
    this.#episode?.unsubscribe();
    this.#episode = undefined;
  }

  #begin(): void {
    if (this.#episode || this.#waiting === 0 || this.#running < this.#concurrent) return;
    this.#episode = timer(TOLD_AFTER).subscribe(() => this.#onFull(this.#waiting));
  }
}
