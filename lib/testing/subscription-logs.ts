import type { SchedulerLike } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { SubscriptionKind } from '../channel-kind.js';

/** Period of a subscription in frames, as `expectSubscriptions` compares it. */
export type SubscriptionLog = ReturnType<typeof TestScheduler.parseMarblesAsSubscriptions>;

/** Periods in which each name was subscribed in Redis, by the clock of a scheduler. */
export class SubscriptionLogs {
  readonly #scheduler: SchedulerLike;
  readonly #logs = new Map<string, SubscriptionLog[]>();

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  /** Returns the periods of a name; the list grows as time goes on. */
  of(kind: SubscriptionKind, name: string): SubscriptionLog[] {
    const key = `${kind} ${name}`;
    let logs = this.#logs.get(key);
    if (!logs) this.#logs.set(key, (logs = []));
    return logs;
  }

  begin(kind: SubscriptionKind, name: string): void {
    // RxJS does not export the class of a log, and a strict comparison checks the class.
    const log = TestScheduler.parseMarblesAsSubscriptions('');
    log.subscribedFrame = this.#scheduler.now();
    this.of(kind, name).push(log);
  }

  end(kind: SubscriptionKind, name: string): void {
    const log = this.of(kind, name).at(-1);
    if (log) log.unsubscribedFrame = this.#scheduler.now();
  }
}
