import { asyncScheduler } from 'rxjs';
import { tell, transition } from '../outbox.js';
import type { Delivery } from './delivery.js';
import type { HubListener } from './hub-listener.js';
import { Outage } from './outage.js';
import type { Watchers } from './watchers.js';

/** The part of the hub that the outages need. */
export interface OutagesHost {
  readonly isOnline: boolean;
}

/**
 * The outages of one client, one at a time: from the loss of a subscription until every listener that it concerns is served
 * again, or has gone. Then each Receiver is told of the gap, and the messages that waited for that follow.
 */
export class Outages {
  readonly #host: OutagesHost;
  readonly #watchers: Watchers;
  readonly #delivery: Delivery;
  #current: Outage | undefined;
  #isResuming = false;

  constructor(host: OutagesHost, watchers: Watchers, delivery: Delivery) {
    this.#host = host;
    this.#watchers = watchers;
    this.#delivery = delivery;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** Epoch milliseconds: the beginning of the outage that runs. */
  get since(): number | undefined {
    return this.#current?.since;
  }

  /** Returns whether the listener may lack messages of the outage that runs. */
  affects(listener: HubListener): boolean {
    return this.#current?.affected.has(listener) === true;
  }

  /** Begins an outage, or widens the one that runs. */
  begin(since: number, affected: readonly HubListener[]): void {
    this.widen(since);
    if (affected.length === 0) return;
    const outage = (this.#current ??= new Outage(since));
    for (const listener of affected) outage.add(listener);
    this.#delivery.hold();
  }

  /** Moves the beginning of the outage that runs to an earlier moment. */
  widen(since: number): void {
    this.#current?.widen(since);
  }

  /** Notes that a listener is served again, or has gone. */
  settle(listener: HubListener, as: 'served' | 'gone'): void {
    this.#current?.settle(listener, as);
    if (!this.#isResuming) this.endIfOver();
  }

  /** Notes that listeners have gone, all of them together. */
  leave(listeners: readonly HubListener[]): void {
    for (const listener of listeners) this.#current?.settle(listener, 'gone');
    this.endIfOver();
  }

  /** Runs `work`, in which the subscriptions come back, and ends the outage only behind it. */
  resume(work: () => void): void {
    this.#isResuming = true;
    work();
    this.#isResuming = false;
    transition(() => this.endIfOver());
  }

  endIfOver(): void {
    if (this.#current?.isOver && this.#host.isOnline) this.#end(undefined);
  }

  /** Tells the gap before every listener is served: what has come must wait no longer. */
  split(): void {
    if (this.#current) transition(() => this.#end(this.#current?.split(asyncScheduler.now())));
  }

  /** Ends with the client. The gap is told only where messages wait behind it. */
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
    if (outage.affected.size > 0) {
      for (const watcher of this.#watchers.all())
        tell(() => watcher.onReconnected(outage.since, until, outage.affected));
    }
    const held = this.#delivery.waiting;
    tell(() => this.#delivery.release(held));
  }
}
