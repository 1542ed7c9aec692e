import { asyncScheduler, Subscription } from 'rxjs';
import { transition } from '../outbox.js';

/** Milliseconds until the first retry; each further retry waits twice as long, up to the longest pause. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Operations that failed although the connection looks alive, and are retried after a pause. */
export class Retries {
  #pauses = new Subscription();

  /** Calls `reconcile` after a pause that doubles with the number of failures. */
  later(subscription: { reconcile(): void }, failures: number): void {
    const pause = asyncScheduler.schedule(
      () => {
        this.#pauses.remove(pause);
        transition(() => subscription.reconcile());
      },
      Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE),
    );
    this.#pauses.add(pause);
  }

  clear(): void {
    this.#pauses.unsubscribe();
    this.#pauses = new Subscription();
  }
}
