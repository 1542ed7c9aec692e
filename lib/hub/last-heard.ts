import { asyncScheduler, type Subscription } from 'rxjs';

/** Milliseconds. */
const RESOLUTION = 10;

/**
 * When something was last heard, never later than it was and earlier by the resolution at the most: to read the clock for
 * each message would cost more than all else that is done with it here.
 */
export class LastHeard {
  #at = 0;
  /** Closed also where somebody else's action threw: the scheduler drops the rest then. */
  #fresh: Subscription | undefined;

  /** Epoch milliseconds; 0 if nothing has been heard. */
  get at(): number {
    return this.#at;
  }

  /** An acknowledgement or a heartbeat. */
  note(): void {
    this.#at = asyncScheduler.now();
  }

  /** One message of many. */
  noteMessage(): void {
    if (this.#fresh?.closed !== false) this.#refresh();
  }

  /** Leaves no timer behind. */
  rest(): void {
    this.#fresh?.unsubscribe();
  }

  #refresh(): void {
    this.note();
    this.#fresh = asyncScheduler.schedule(() => (this.#fresh = undefined), RESOLUTION);
  }
}
