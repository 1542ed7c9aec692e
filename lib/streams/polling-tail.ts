import { asyncScheduler, type Subscription } from 'rxjs';
import type { StreamRequests } from './stream-requests.js';
import type { Tail, TailUser } from './tail.js';

const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 250;
/** Milliseconds after which a reply is not waited for any more. */
const PATIENCE = 5_000;

/** Asks, after pauses that grow while nothing comes, whether a stream has an entry behind the place of its user. */
export class PollingTail implements Tail {
  readonly #requests: StreamRequests;
  readonly #timers = new Map<TailUser, Subscription>();

  constructor(requests: StreamRequests) {
    this.#requests = requests;
  }

  get users(): readonly TailUser[] {
    return [...this.#timers.keys()];
  }

  join(user: TailUser): void {
    this.#schedule(user, SHORTEST_PAUSE);
  }

  leave(user: TailUser): void {
    this.#timers.get(user)?.unsubscribe();
    this.#timers.delete(user);
  }

  #schedule(user: TailUser, pause: number): void {
    this.#timers.set(
      user,
      asyncScheduler.schedule(() => this.#poll(user, pause), pause),
    );
  }

  #poll(user: TailUser, pause: number): void {
    if (user.wantsCheck) return this.#stir(user);
    const timer = asyncScheduler.schedule(() => this.#stir(user), PATIENCE);
    this.#timers.set(user, timer);
    const isLate = () => this.#timers.get(user) !== timer;
    this.#requests.read([user], { COUNT: 1 }, false, {
      onReply: ([found]) => {
        timer.unsubscribe();
        if (isLate()) return;
        if (found) this.#stir(user);
        else this.#schedule(user, Math.min(2 * pause, LONGEST_PAUSE));
      },
      onError: () => {
        timer.unsubscribe();
        if (!isLate()) this.#stir(user);
      },
    });
  }

  #stir(user: TailUser): void {
    this.leave(user);
    user.onStirred();
  }
}
