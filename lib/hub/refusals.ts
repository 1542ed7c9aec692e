import { asyncScheduler, Subscription } from 'rxjs';
import type { ChannelKind } from '../channel-kind.js';

interface Name {
  readonly kind: ChannelKind;
  readonly name: string;
}

interface Refusal {
  readonly count: number;
  /** Epoch milliseconds from which on Redis may be asked again. */
  askableAt: number;
  /** Calls back then, once somebody has asked in vain. */
  wait: Subscription;
}

/** So many refusals in a row have no consequences. */
const AT_ONCE = 3;
/** Milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * The names that Redis has refused of late. The first times that one is asked for again Redis is asked at once, and then after
 * a pause that doubles, so that `retry()` is no storm of commands. A name that nobody has asked for meanwhile is forgotten.
 */
export class Refusals {
  /** The oldest refusal first. */
  readonly #refusals = new Map<string, Refusal>();
  readonly #onPauseOver: (name: Name) => void;

  constructor(onPauseOver: (name: Name) => void) {
    this.#onPauseOver = onPauseOver;
  }

  /** Returns whether Redis may be asked for the name now; if not, `onPauseOver` tells when. */
  allows(name: Name): boolean {
    const refusal = this.#refusals.get(keyOf(name));
    const pause = refusal ? refusal.askableAt - asyncScheduler.now() : 0;
    if (!refusal || pause <= 0) return true;
    if (refusal.wait.closed) {
      refusal.wait = asyncScheduler.schedule(() => {
        // A timer may be early by a millisecond.
        refusal.askableAt = asyncScheduler.now();
        this.#onPauseOver(name);
      }, pause);
    }
    return false;
  }

  add(name: Name): void {
    const key = keyOf(name);
    const now = asyncScheduler.now();
    const count = (this.#refusals.get(key)?.count ?? 0) + 1;
    const pause = count <= AT_ONCE ? 0 : Math.min(FIRST_PAUSE * 2 ** (count - AT_ONCE - 1), LONGEST_PAUSE);
    this.remove(name);
    this.#refusals.set(key, { count, askableAt: now + pause, wait: Subscription.EMPTY });
    for (const [old, { askableAt }] of this.#refusals) {
      if (askableAt + LONGEST_PAUSE > now) break;
      this.#refusals.delete(old);
    }
  }

  /** Nobody waits for the name any more. */
  leave(name: Name): void {
    if (this.#refusals.size > 0) this.#refusals.get(keyOf(name))?.wait.unsubscribe();
  }

  remove(name: Name): void {
    if (this.#refusals.size === 0) return;
    const key = keyOf(name);
    this.#refusals.get(key)?.wait.unsubscribe();
    this.#refusals.delete(key);
  }

  clear(): void {
    for (const { wait } of this.#refusals.values()) wait.unsubscribe();
    this.#refusals.clear();
  }
}

function keyOf({ kind, name }: Name): string {
  return `${kind} ${name}`;
}
