import type { Consumer } from './consumer.js';

/** A stretch without connection, until everyone who was subscribed when it began is served again, or has gone. */
export class Outage {
  readonly #affected = new Set<Consumer>();
  readonly #missing = new Set<Consumer>();
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  /** Milliseconds since the epoch. */
  get since(): number {
    return this.#since;
  }

  /** Those who may lack messages. */
  get affected(): ReadonlySet<Consumer> {
    return this.#affected;
  }

  get isOver(): boolean {
    return this.#missing.size === 0;
  }

  /** Nothing is sure from this moment on, which may be earlier. */
  widen(since: number): void {
    this.#since = Math.min(this.#since, since);
  }

  add(consumer: Consumer): void {
    this.#affected.add(consumer);
    this.#missing.add(consumer);
  }

  settle(consumer: Consumer, as: 'served' | 'gone'): void {
    this.#missing.delete(consumer);
    if (as === 'gone') this.#affected.delete(consumer);
  }

  /** What is left of it when it has to be announced before everyone is served. */
  split(now: number): Outage | undefined {
    if (this.isOver) return undefined;
    const rest = new Outage(now);
    for (const consumer of this.#missing) rest.add(consumer);
    return rest;
  }
}
