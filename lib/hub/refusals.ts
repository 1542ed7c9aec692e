import { asyncScheduler, Subscription } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { transition } from '../outbox.js';

interface Name {
  readonly kind: SubscriptionKind;
  readonly name: string;
}

interface Refusal {
  readonly count: number;
  /** Epoch milliseconds: the time from which Redis may be asked again. */
  askableAt: number;
  /** The timer that calls back at that time, once a request has come too early. */
  wait: Subscription;
}

/** The largest number of refusals in a row after which Redis may be asked again at once. */
const AT_ONCE = 3;
/** Milliseconds of the pause after further refusals, which doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * The names that Redis has refused recently. The first repeated requests for a name go to Redis at once, later ones after a
 * pause that doubles, so that `retry()` does not flood Redis with commands. A name that is not requested for a while is
 * forgotten.
 */
export class Refusals {
  /** The refusals by name, the oldest first. */
  readonly #refusals = new Map<string, Refusal>();

  /** Returns whether Redis may be asked for the name now; if not, calls `reconcile` when it may. */
  allows(subscription: Name & { reconcile(): void }): boolean {
    // Nearly always there are none, and a key is a new string.
    const refusal = this.#refusals.size > 0 ? this.#refusals.get(keyOf(subscription)) : undefined;
    const pause = refusal ? refusal.askableAt - asyncScheduler.now() : 0;
    if (!refusal || pause <= 0) return true;
    if (refusal.wait.closed) {
      refusal.wait = asyncScheduler.schedule(() => {
        // A timer may fire a millisecond early.
        refusal.askableAt = asyncScheduler.now();
        transition(() => subscription.reconcile());
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

  /** Stops the timer of a name that no listener wants any more. */
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
