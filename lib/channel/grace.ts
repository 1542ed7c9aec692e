import { asyncScheduler, type Subscription } from 'rxjs';

/**
 * The moment in which one who has left may come back as if nothing had been: to the end of the current turn of the
 * event loop, so that `retry()` and `repeat()` find everything as they left it, also a few microtasks later.
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
