import { asyncScheduler } from 'rxjs';
import { tell, transition } from '../outbox.js';
import { reportUnhandled } from '../report-unhandled.js';
import type { Delivery } from './delivery.js';
import type { HubListener } from './hub-listener.js';
import { Outage } from './outage.js';
import type { Watchers } from './watchers.js';

/** The part of the hub that the outages need. */
export interface OutagesHost {
  readonly isOnline: boolean;
}

/**
 * The outages of one client, one at a time. An outage lasts from the loss of a subscription until every affected listener is
 * served again, or has left. Each Receiver is then told of the gap, and the messages held for the gap follow.
 */
export class Outages {
  readonly #host: OutagesHost;
  readonly #watchers: Watchers;
  readonly #delivery: Delivery;
  #current: Outage | undefined;
  #isResuming = false;
  /** The reports of gaps, each followed by the release of the messages that were held for it. */
  readonly #reports: (() => void)[] = [];
  #isReporting = false;
  /** The number of held messages whose release is among the reports. */
  #promised = 0;

  constructor(host: OutagesHost, watchers: Watchers, delivery: Delivery) {
    this.#host = host;
    this.#watchers = watchers;
    this.#delivery = delivery;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** Epoch milliseconds: the beginning of the current outage. */
  get since(): number | undefined {
    return this.#current?.since;
  }

  /** Returns whether the listener may lack messages of the current outage. */
  affects(listener: HubListener): boolean {
    return this.#current?.affected.has(listener) === true;
  }

  /** Begins an outage, or widens the current one. */
  begin(since: number, affected: readonly HubListener[]): void {
    this.widen(since);
    if (affected.length === 0) return;
    const outage = (this.#current ??= new Outage(since));
    for (const listener of affected) outage.add(listener);
    this.#delivery.hold();
  }

  /** Moves the beginning of the current outage to an earlier moment. */
  widen(since: number): void {
    this.#current?.widen(since);
  }

  /** Notes that a listener is served again, or has left. */
  checkOff(listener: HubListener, as: 'served' | 'gone'): void {
    this.#current?.checkOff(listener, as);
    if (!this.#isResuming) this.endIfOver();
  }

  /** Notes that several listeners have left, and checks only then whether the outage is over. */
  leave(listeners: readonly HubListener[]): void {
    for (const listener of listeners) this.#current?.checkOff(listener, 'gone');
    this.endIfOver();
  }

  /** Runs `work`, which brings the subscriptions back, and ends the outage only afterwards. */
  resume(work: () => void): void {
    this.#isResuming = true;
    work();
    this.#isResuming = false;
    transition(() => this.endIfOver());
  }

  endIfOver(): void {
    if (this.#current?.isOver && this.#host.isOnline) this.#end(undefined);
  }

  /** Announces the gap before every listener is served, because messages must not be held any longer. */
  split(): void {
    if (this.#current) transition(() => this.#end(this.#current?.split(asyncScheduler.now())));
  }

  /** Ends with the client. The gap is announced only if messages are held for it. */
  endWithClient(): void {
    if (this.#delivery.waiting > 0) return this.#end(undefined);
    this.#current = undefined;
    this.#delivery.release(0);
  }

  #end(rest: Outage | undefined): void {
    const outage = this.#current;
    if (!outage) return;
    const until = asyncScheduler.now();
    this.#current = rest;
    const watchers = outage.affected.size > 0 ? this.#watchers.all() : [];
    for (const watcher of watchers)
      this.#reports.push(() => watcher.onReconnected(outage.since, until, outage.affected));
    const held = this.#delivery.waiting - this.#promised;
    this.#promised += held;
    this.#reports.push(() => {
      this.#promised -= held;
      this.#delivery.release(held);
    });
    tell(() => this.#report());
  }

  /** Makes the reports in order: a watcher may begin and end another outage, of which the others are told later. */
  #report(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    for (let report = this.#reports.shift(); report; report = this.#reports.shift()) {
      try {
        report();
      } catch (error) {
        reportUnhandled(error);
      }
    }
    this.#isReporting = false;
  }
}
