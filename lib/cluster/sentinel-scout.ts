import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import type { NodeAddress } from './node-client.js';

/** The parts of a `createSentinel` client that a scout needs. */
export interface SentinelScoutClient extends PubSubClient {
  getMasterNode(): NodeAddress | undefined;
  /** Creates another client; missing in node-redis 5, whose client never stops asking the Sentinels. */
  duplicate?(overrides: object): SentinelScoutClient & { connect(): Promise<unknown>; destroy(): unknown };
}

/** Milliseconds between two requests. */
const PAUSE = 2_000;
/** Milliseconds to wait for an answer: several Sentinels in a row may not even accept a connection. */
const PATIENCE = 30_000;

/**
 * A client created to ask the Sentinels for the master. The user's client does not ask by itself, and learns nothing more
 * once its connection to a Sentinel is half open, or after no Sentinel was reachable for a while.
 */
export class SentinelScout {
  readonly #client: SentinelScoutClient;
  #lastAsked = -Infinity;
  #recall: (() => void) | undefined;

  constructor(client: SentinelScoutClient) {
    this.#client = client;
  }

  /** Resolves to the master; to undefined if none is named or answers, or while an earlier request is open or recent. */
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

  /** Cancels the open request. */
  recall(): void {
    const recall = this.#recall;
    this.#recall = undefined;
    recall?.();
  }
}

/** The options of a client that connects once, and to the master alone. */
const ALONE = {
  maxCommandRediscovers: 0,
  masterPoolSize: 1,
  replicaPoolSize: 0,
  reserveClient: false,
  scanInterval: 0,
  clientSideCache: undefined,
};
