import { asyncScheduler, type Subscription } from 'rxjs';

/** The resolution of the time, in milliseconds. */
const RESOLUTION = 10;

/**
 * The time of the last message or, before the first message of a connection, of an acknowledgement or the reply to a ping. The
 * recorded time is never too late, and too early by the resolution at most: reading the clock for each message would cost
 * more than everything else done here.
 */
export class LastHeard {
  #at = 0;
  #isMessage = false;
  #isFresh = false;
  #freshness: Subscription | undefined;
  readonly #fade = (): void => {
    this.#isFresh = false;
  };

  /** Epoch milliseconds; 0 if nothing has been received. */
  get at(): number {
    return this.#at;
  }

  /** Returns whether the time of a message that arrives now is known already. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Starts again when the connection is back and no messages are missing from now on. */
  restart(): void {
    this.#isMessage = false;
    this.note();
  }

  /** Notes an acknowledgement or the reply to a ping. */
  note(): void {
    if (!this.#isMessage) this.#at = asyncScheduler.now();
  }

  noteMessage(): void {
    if (!this.#isFresh) this.#refresh();
  }

  /** Moves the time back to `since`, because messages received after it prove nothing. */
  doubt(since: number): void {
    this.#at = Math.min(this.#at, since);
  }

  /** Stops the timer when no listener is left; the time of the last message means nothing to a listener added later. */
  rest(): void {
    this.#isMessage = false;
    this.#freshness?.unsubscribe();
  }

  #refresh(): void {
    this.#at = asyncScheduler.now();
    this.#isMessage = true;
    this.#isFresh = true;
    this.#freshness = asyncScheduler.schedule(this.#fade, RESOLUTION);
    // If another action of the scheduler throws, the scheduler drops the remaining ones.
    this.#freshness.add(this.#fade);
  }
}
