import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import type { NodeAddress } from './node-client.js';

/** What `createSentinel` returns, as far as a scout needs it. */
export interface SentinelScoutClient extends PubSubClient {
  getMasterNode(): NodeAddress | undefined;
  /** Missing in node-redis 5, whose client never ceases to ask. */
  duplicate?(overrides: object): SentinelScoutClient & { connect(): Promise<unknown>; destroy(): unknown };
}

/** Milliseconds between two questions. */
const PAUSE = 2_000;
/** Milliseconds for an answer: one Sentinel after another may not even accept a connection. */
const PATIENCE = 30_000;

/**
 * Asks the Sentinels who is master, with a client made for it: the user's does not ask by itself, and hears of nothing any
 * more once its connection to a Sentinel is half open, or none of them was there for a while.
 */
export class SentinelScout {
  readonly #client: SentinelScoutClient;
  #lastAsked = -Infinity;
  #recall: (() => void) | undefined;

  constructor(client: SentinelScoutClient) {
    this.#client = client;
  }

  /** Undefined where no Sentinel says, or no master answers; and while an earlier question is open, or recent. */
  async ask(): Promise<NodeAddress | undefined> {
    const now = asyncScheduler.now();
    if (now - this.#lastAsked < (this.#recall ? PATIENCE : PAUSE)) return undefined;
    this.#lastAsked = now;
    this.recall();
    const scout = this.#client.duplicate?.(ALONE);
    if (!scout) return undefined;
    scout.on('error', () => undefined);
    const leave = () => {
      if (scout.isOpen) void Promise.resolve(scout.destroy()).catch(() => undefined);
    };
    this.#recall = leave;
    try {
      await scout.connect();
      return this.#recall === leave ? scout.getMasterNode() : undefined;
    } catch {
      return undefined;
    } finally {
      if (this.#recall === leave) this.recall();
    }
  }

  /** Nobody wants the answer any more. */
  recall(): void {
    const recall = this.#recall;
    this.#recall = undefined;
    recall?.();
  }
}

/** It connects once, and to the master alone. */
const ALONE = {
  maxCommandRediscovers: 0,
  masterPoolSize: 1,
  replicaPoolSize: 0,
  reserveClient: false,
  scanInterval: 0,
  clientSideCache: undefined,
};
