import type { HubListener } from './hub-listener.js';

/** A stretch without connection, until everyone who was subscribed when it began is served again, or has gone. */
export class Outage {
  readonly #affected = new Set<HubListener>();
  readonly #missing = new Set<HubListener>();
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  /** Milliseconds since the epoch. */
  get since(): number {
    return this.#since;
  }

  /** Those who may lack messages. */
  get affected(): ReadonlySet<HubListener> {
    return this.#affected;
  }

  get isOver(): boolean {
    return this.#missing.size === 0;
  }

  /** Nothing is sure from this moment on, which may be earlier. */
  widen(since: number): void {
    this.#since = Math.min(this.#since, since);
  }

  add(listener: HubListener): void {
    this.#affected.add(listener);
    this.#missing.add(listener);
  }

  settle(listener: HubListener, as: 'served' | 'gone'): void {
    this.#missing.delete(listener);
    if (as === 'gone') this.#affected.delete(listener);
  }

  /** What is left of it when it has to be announced before everyone is served. */
  split(now: number): Outage | undefined {
    if (this.isOver) return undefined;
    const rest = new Outage(now);
    for (const listener of this.#missing) rest.add(listener);
    return rest;
  }
}
