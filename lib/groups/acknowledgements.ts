import { asapScheduler } from 'rxjs';
import { RetriedRequests } from '../recovery/retried-requests.js';
import type { GroupKey } from './group-key.js';

/** The largest number of ids in one XACK. */
const BATCH = 1_000;

/**
 * Acknowledges entries in batches: all of a turn in one XACK, and what has come meanwhile in the next one. An XACK that fails with
 * its connection is sent again; acknowledging an entry twice, or one that another consumer has claimed, does no harm.
 */
export class Acknowledgements {
  readonly #of: GroupKey;
  readonly #requests: RetriedRequests;
  readonly #onAcknowledged: (ids: readonly string[]) => void;
  readonly #onRefused: (error: unknown) => void;
  #waiting: string[] = [];
  #sent: readonly string[] = [];
  #state: 'idle' | 'scheduled' | 'sending' = 'idle';
  #isRefused = false;
  #onFlushed: (() => void)[] = [];

  constructor(
    of: GroupKey,
    onAcknowledged: (ids: readonly string[]) => void,
    onRefused: (error: unknown) => void,
  ) {
    this.#of = of;
    this.#onAcknowledged = onAcknowledged;
    this.#onRefused = onRefused;
    this.#requests = new RetriedRequests(of.connection, { onRefused: (error) => this.#refuse(error) });
  }

  add(id: string): void {
    this.#waiting.push(id);
    if (this.#state !== 'idle') return;
    this.#state = 'scheduled';
    asapScheduler.schedule(() => {
      if (this.#state === 'scheduled') this.#send();
    });
  }

  /** Calls back when Redis has all acknowledgements; at once if it already has. */
  whenFlushed(onFlushed: () => void): void {
    if (this.#state === 'idle') onFlushed();
    else this.#onFlushed.push(onFlushed);
  }

  /** Gives up the acknowledgements that Redis does not have: the entries are delivered again. */
  giveUp(): void {
    if (this.#state === 'idle') return;
    this.#requests.cancel();
    this.#onReply([...this.#sent, ...this.#waiting.splice(0)]);
  }

  #send(): void {
    const { key, group, connection } = this.#of;
    this.#state = 'sending';
    const ids = (this.#sent = [...this.#sent, ...this.#waiting.splice(0, BATCH - this.#sent.length)]);
    this.#requests.ask<number>(
      (request) => connection.send((client) => client.xAck(key, group, [...ids]), request),
      () => this.#onReply(ids),
    );
  }

  #onReply(ids: readonly string[]): void {
    this.#sent = [];
    this.#isRefused = false;
    if (this.#waiting.length === 0) this.#state = 'idle';
    this.#onAcknowledged(ids);
    if (this.#waiting.length > 0) return this.#send();
    const waiting = this.#onFlushed;
    this.#onFlushed = [];
    for (const onFlushed of waiting) onFlushed();
  }

  /** Tries again, with the pause of the requests: the permission may come back, and the key may be deleted. */
  #refuse(error: unknown): void {
    if (!this.#isRefused) this.#onRefused(error);
    this.#isRefused = true;
    this.#send();
  }
}
