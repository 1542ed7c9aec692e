import type { HubListener } from './hub-listener.js';

/** A period from the loss of a subscription until every listener that it affects is served again, or has left. */
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

  /** The listeners that may lack messages. */
  get affected(): ReadonlySet<HubListener> {
    return this.#affected;
  }

  get isOver(): boolean {
    return this.#missing.size === 0;
  }

  /** Moves the beginning to this moment, if it is earlier. */
  widen(since: number): void {
    this.#since = Math.min(this.#since, since);
  }

  add(listener: HubListener): void {
    this.#affected.add(listener);
    this.#missing.add(listener);
  }

  checkOff(listener: HubListener, as: 'served' | 'gone'): void {
    this.#missing.delete(listener);
    if (as === 'gone') this.#affected.delete(listener);
  }

  /** Returns the rest of an outage that has to be announced before all listeners are served; undefined if it is over. */
  split(now: number): Outage | undefined {
    if (this.isOver) return undefined;
    const rest = new Outage(now);
    for (const listener of this.#missing) rest.add(listener);
    return rest;
  }
}
