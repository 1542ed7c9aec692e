import { asyncScheduler, type Subscription } from 'rxjs';
import type { ChannelKind } from '../channel/message.js';

interface Name {
  readonly kind: ChannelKind;
  readonly name: string;
}

interface Refusal {
  count: number;
  /** Whether Redis must not be asked yet. */
  isPaused: boolean;
  timer: Subscription;
}

/** So many refusals in a row have no consequences. */
const AT_ONCE = 3;
/** Milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * The names that Redis has refused of late. The first times that one is asked for again Redis is asked at once, and then after
 * a pause that doubles, so that `retry()` is no storm of commands. Names that nobody asks for are forgotten.
 */
export class Refusals {
  readonly #refusals = new Map<string, Refusal>();
  readonly #onPauseOver: (name: Name) => void;

  constructor(onPauseOver: (name: Name) => void) {
    this.#onPauseOver = onPauseOver;
  }

  /** Whether Redis may be asked for the name now; if not, `onPauseOver` tells when. */
  allows(name: Name): boolean {
    return this.#refusals.get(keyOf(name))?.isPaused !== true;
  }

  add(name: Name): void {
    const key = keyOf(name);
    const earlier = this.#refusals.get(key);
    earlier?.timer.unsubscribe();
    const count = (earlier?.count ?? 0) + 1;
    const forget = () => asyncScheduler.schedule(() => this.#refusals.delete(key), LONGEST_PAUSE);
    if (count <= AT_ONCE) {
      this.#refusals.set(key, { count, isPaused: false, timer: forget() });
      return;
    }
    const pause = Math.min(FIRST_PAUSE * 2 ** (count - AT_ONCE - 1), LONGEST_PAUSE);
    const refusal: Refusal = { count, isPaused: true, timer: asyncScheduler.schedule(() => resume(), pause) };
    const resume = () => {
      refusal.isPaused = false;
      refusal.timer = forget();
      this.#onPauseOver(name);
    };
    this.#refusals.set(key, refusal);
  }

  remove(name: Name): void {
    if (this.#refusals.size === 0) return;
    const key = keyOf(name);
    this.#refusals.get(key)?.timer.unsubscribe();
    this.#refusals.delete(key);
  }

  clear(): void {
    for (const { timer } of this.#refusals.values()) timer.unsubscribe();
    this.#refusals.clear();
  }
}

function keyOf({ kind, name }: Name): string {
  return `${kind} ${name}`;
}
