import { asyncScheduler, type Subscription } from 'rxjs';

/**
 * The grace period of an observer that has unsubscribed: until the end of the current turn of the event loop. `retry()` and
 * `repeat()` resubscribe within it, even a few microtasks later, and the subscription stays.
 */
export class Grace {
  #timer: Subscription | undefined;

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(onOver: () => void): void {
    this.cancel();
    this.#timer = asyncScheduler.schedule(() => {
      this.#timer = undefined;
      onOver();
    }, 0);
  }

  cancel(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }
}
