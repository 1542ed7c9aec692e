import type { Publisher, PubSubClient } from '../index.js';

/** What tells the clients of node-redis apart. */
interface Traits extends Pick<PubSubClient, 'getPubSubListeners'> {
  /** A single server's client. */
  sendCommand?(args: string[]): Promise<unknown>;
  /** A Sentinel set's client. */
  getMasterNode?(): unknown;
}

/** Tells whether a reply that Redis counts no receiver for has reached nobody. */
export class Audience {
  readonly #publisher: Publisher;
  #isCounted: Promise<boolean> | undefined;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** Resolves to false only where the count covers every listener. Never rejects. */
  async mayHear(receivers: number): Promise<boolean> {
    if (receivers !== 0) return true;
    this.#isCounted ??= countsAll(this.#publisher).catch(() => false);
    return !(await this.#isCounted);
  }
}

/** A node of a cluster counts its own listeners alone, and a publisher of another kind may count anything. */
async function countsAll(publisher: Publisher & Traits): Promise<boolean> {
  if (publisher.getMasterNode) return true;
  if (!publisher.getPubSubListeners) return false;
  const info = await publisher.sendCommand?.(['INFO', 'server']);
  return /^redis_mode:standalone\r?$/m.test(String(info));
}
