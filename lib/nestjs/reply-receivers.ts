import type { Publisher, PubSubClient } from '../index.js';

/** Methods that tell the clients of node-redis apart. */
interface Traits extends Pick<PubSubClient, 'getPubSubListeners'> {
  /** Method of a single server's client. */
  sendCommand?(args: string[]): Promise<unknown>;
  /** Method of a Sentinel set's client. */
  getMasterNode?(): unknown;
}

/** Receivers of the replies, as far as the counts of Redis show whether there are any. */
export class ReplyReceivers {
  readonly #publisher: Publisher;
  #isCounted: Promise<boolean> | undefined;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /**
   * Returns whether a subscriber may have received a reply with this count: resolves to false only if the count is zero and
   * covers every subscriber. Never rejects.
   */
  async mayExist(receivers: number): Promise<boolean> {
    if (receivers !== 0) return true;
    this.#isCounted ??= countsAll(this.#publisher).catch(() => false);
    return !(await this.#isCounted);
  }
}

/**
 * Returns whether the counts of the publisher cover every subscriber. A node of a cluster counts its own subscribers alone,
 * and a publisher of another kind may count anything.
 */
async function countsAll(publisher: Publisher & Traits): Promise<boolean> {
  if (publisher.getMasterNode) return true;
  if (!publisher.getPubSubListeners) return false;
  const info = await publisher.sendCommand?.(['INFO', 'server']);
  return /^redis_mode:standalone\r?$/m.test(String(info));
}
