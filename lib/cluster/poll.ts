import { asyncScheduler, Subscription } from 'rxjs';

const SHORTEST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;

/** Work that runs on request, never twice at a time, and that repeats with growing pauses while it is unfinished. */
export class Poll {
  readonly #work: () => Promise<boolean>;
  #timer = Subscription.EMPTY;
  #isRunning = false;
  #isAsked = false;
  #pause = SHORTEST_PAUSE;

  /** @param work resolves to true if the work has to be repeated; never rejects */
  constructor(work: () => Promise<boolean>) {
    this.#work = work;
  }

  soon(): void {
    this.#pause = SHORTEST_PAUSE;
    this.#isAsked = true;
    if (this.#isRunning) return;
    this.#timer.unsubscribe();
    this.#timer = asyncScheduler.schedule(() => void this.#run());
  }

  /** Returns the flag, read after the `await`: `soon` may have been called meanwhile. */
  #wasAsked(): boolean {
    return this.#isAsked;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    this.#isAsked = false;
    const isUnfinished = await this.#work();
    this.#isRunning = false;
    if (!isUnfinished && !this.#wasAsked()) return;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    this.#timer = asyncScheduler.schedule(() => void this.#run(), pause);
  }
}
