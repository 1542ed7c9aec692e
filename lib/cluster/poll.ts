import { asyncScheduler, Subscription } from 'rxjs';

const SHORTEST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;

/** Work that is done one at a time when somebody asks for it, and again, ever more seldom, while it says so. */
export class Poll {
  readonly #work: () => Promise<boolean>;
  #timer = Subscription.EMPTY;
  #isRunning = false;
  #isAsked = false;
  #pause = SHORTEST_PAUSE;

  /** @param work resolves to whether it should be done again; never rejects */
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

  /** Read behind the `await`: somebody may have asked meanwhile. */
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
