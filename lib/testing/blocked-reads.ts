import { Subscription, type SchedulerLike } from 'rxjs';

/** Command that waits for a change of a key. */
export interface BlockingCommand<T> {
  readonly keys: readonly string[];
  /** Milliseconds to wait at most; 0 or undefined for ever. */
  readonly block: number | undefined;
  /** Returns the reply, or undefined to wait. */
  readonly attempt: () => T | undefined;
}

type Outcome<T> = { readonly value: T | null } | { readonly error: unknown };

interface Waiter {
  readonly keys: readonly string[];
  /** Time at which the wait is over. */
  readonly deadline: number;
  /** Timer of the deadline; closed while the keys are quiet. */
  timer: Subscription;
  tryAgain(): void;
  giveUp(): void;
}

/**
 * Blocked commands of all clients, in order. A reader that blocks again and again must not keep virtual time going without
 * end: once a wait has timed out, further waits have no timer until a key changes.
 */
export class BlockedReads {
  readonly #scheduler: SchedulerLike;
  readonly #waiters = new Set<Waiter>();
  readonly #changed = new Set<string>();
  #isQuiet = false;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  /** Waits with a command. Returns the function that ends the wait without a reply. */
  add<T>(command: BlockingCommand<T>, reply: (outcome: Outcome<T>) => void): () => void {
    const end = (outcome: Outcome<T>) => {
      remove();
      reply(outcome);
    };
    const waiter: Waiter = {
      keys: command.keys,
      deadline: command.block ? this.#scheduler.now() + command.block : Infinity,
      timer: Subscription.EMPTY,
      tryAgain: () => {
        try {
          const value = command.attempt();
          if (value !== undefined) end({ value });
        } catch (error) {
          end({ error });
        }
      },
      giveUp: () => end({ value: null }),
    };
    const remove = () => {
      waiter.timer.unsubscribe();
      this.#waiters.delete(waiter);
    };
    this.#waiters.add(waiter);
    if (!this.#isQuiet) this.#startTimer(waiter);
    return remove;
  }

  /** Notes the change of a key, for {@link serve}. */
  change(key: string): void {
    this.#changed.add(key);
  }

  /** Lets the commands that wait for a changed key try again, in order: the first one may take what there is. */
  serve(): void {
    if (this.#changed.size === 0) return;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const waiter of [...this.#waiters]) {
      if (this.#waiters.has(waiter) && waiter.keys.some((key) => changed.has(key))) waiter.tryAgain();
    }
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    for (const waiter of this.#waiters) this.#startTimer(waiter);
  }

  #startTimer(waiter: Waiter): void {
    if (waiter.deadline === Infinity) return;
    const left = Math.max(0, waiter.deadline - this.#scheduler.now());
    waiter.timer = this.#scheduler.schedule(() => {
      this.#isQuiet = true;
      waiter.giveUp();
    }, left);
  }
}
