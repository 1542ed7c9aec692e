import { timer, type Subscription } from 'rxjs';

/** Milliseconds that an episode must last before it is reported: a short burst is not worth a warning. */
const TOLD_AFTER = 1_000;

/**
 * Counter of the running and the waiting messages, which reports once an episode that all slots are busy. An episode ends
 * when no message waits any more.
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
