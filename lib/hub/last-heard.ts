import { asyncScheduler, type Subscription } from 'rxjs';

/** Milliseconds. */
const RESOLUTION = 10;

/**
 * When the last message was heard, or, before the first one of a connection, an acknowledgement or a heartbeat. Never later
 * than it was, and earlier by the resolution at the most: to read the clock for each message would cost more than all else
 * that is done with it here.
 */
export class LastHeard {
  #at = 0;
  #isMessage = false;
  #isFresh = false;
  #freshness: Subscription | undefined;
  readonly #fade = (): void => {
    this.#isFresh = false;
  };

  /** Epoch milliseconds; 0 if nothing has been heard. */
  get at(): number {
    return this.#at;
  }

  /** Whether a message that comes now need not be noted. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** The connection is back, and nothing is missing from now on. */
  restart(): void {
    this.#isMessage = false;
    this.note();
  }

  /** An acknowledgement or a heartbeat. */
  note(): void {
    if (!this.#isMessage) this.#at = asyncScheduler.now();
  }

  noteMessage(): void {
    if (!this.#isFresh) this.#refresh();
  }

  /** What was heard since that moment proves nothing. */
  doubt(since: number): void {
    this.#at = Math.min(this.#at, since);
  }

  /** Nobody listens any more: what was heard is of no account to who comes later. Leaves no timer behind. */
  rest(): void {
    this.#isMessage = false;
    this.#freshness?.unsubscribe();
  }

  #refresh(): void {
    this.#at = asyncScheduler.now();
    this.#isMessage = true;
    this.#isFresh = true;
    this.#freshness = asyncScheduler.schedule(this.#fade, RESOLUTION);
    // Where somebody else's action throws, the scheduler drops the rest.
    this.#freshness.add(this.#fade);
  }
}
