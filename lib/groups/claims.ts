import { asyncScheduler, Subscription } from 'rxjs';
import type { StreamEntry } from '../log/log-client.js';
import { RetriedRequests } from '../recovery/retried-requests.js';
import type { EntriesInHand } from './entries-in-hand.js';
import type { ClaimedEntries, PendingEntry } from './group-commands.js';
import { toGroupEntry, type GroupEntry } from './group-entry.js';
import type { GroupKey } from './group-key.js';

/** The id at which XAUTOCLAIM begins, and which it returns at the end. */
const BEGIN = '0-0';
/** The largest number of entries in a reply to XPENDING. */
const PAGE = 100;

export interface ClaimsHost {
  /** Returns the number of entries for which there is room. */
  room(): number;
  inHand(): EntriesInHand;
  onClaimed(entries: readonly GroupEntry[]): void;
  /** Called when so many entries were trimmed or deleted before anybody had handled them. */
  onDeleted(count: number): void;
  onRefused(error: unknown): void;
}

/** Claims entries that a consumer has had for too long: it has died, or has given them back. */
export class Claims {
  /** False for a client in memory: a timer that repeats would keep virtual time going without end. */
  readonly ticks: boolean;
  readonly #of: GroupKey;
  readonly #claimAfter: number;
  readonly #host: ClaimsHost;
  readonly #requests: RetriedRequests;
  #cursor = BEGIN;
  #isRunning = false;
  #onStopped: (() => void) | undefined;
  #timer = Subscription.EMPTY;

  constructor(of: GroupKey, claimAfter: number, host: ClaimsHost) {
    this.#of = of;
    this.#claimAfter = claimAfter;
    this.#host = host;
    this.ticks = !of.connection.hub.connection.isVirtual;
    this.#requests = new RetriedRequests(of.connection, {
      onRefused: (error) => {
        this.#isRunning = false;
        host.onRefused(error);
        this.#onStopped?.();
      },
    });
  }

  /** Claims what was idle for too long, as far as there is room; before, keeps what is in hand from looking idle. */
  run(): void {
    if (this.#cursor === BEGIN) this.#host.inHand().refresh();
    const wanted = this.#host.room();
    if (this.#isRunning || wanted === 0) return;
    this.#isRunning = true;
    const { key, group, consumer, binary, connection } = this.#of;
    this.#requests.ask<ClaimedEntries>(
      (request) =>
        connection.send(
          (client) =>
            client.xAutoClaim(key, group, consumer, this.#claimAfter, this.#cursor, { COUNT: wanted }),
          request,
          binary,
        ),
      (claimed) => this.#onClaimed(claimed),
    );
  }

  /** Claims after a pause, and again after each further one, unless the client is in memory. */
  schedule(pause: number): void {
    this.#timer.unsubscribe();
    this.#timer = asyncScheduler.schedule(() => {
      this.run();
      if (this.ticks) this.schedule(pause);
    }, pause);
  }

  unschedule(): void {
    this.#timer.unsubscribe();
  }

  /** Claims what this consumer had when it died, whatever the time: `onEnd` follows when all of it is claimed. */
  runOwn(onEnd: () => void, from = '-'): void {
    const { key, group, consumer, connection } = this.#of;
    this.#requests.ask<readonly PendingEntry[]>(
      (request) =>
        connection.send((client) => client.xPendingRange(key, group, from, '+', PAGE, { consumer }), request),
      (pending) => {
        const isInHand = ({ id }: PendingEntry) => this.#host.inHand().has(String(id));
        this.#claimOwn(
          pending.filter((entry) => !isInHand(entry)),
          () => {
            if (pending.length < PAGE) onEnd();
            else this.runOwn(onEnd, `(${String(pending.at(-1)?.id)}`);
          },
        );
      },
    );
  }

  /** Calls back when no claimed entries can arrive any more: they are given back, because their claim has counted as a delivery. */
  stop(onStopped: () => void): void {
    if (this.#isRunning) {
      this.#onStopped = onStopped;
    } else {
      this.cancel();
      onStopped();
    }
  }

  cancel(): void {
    this.#requests.cancel();
    this.#isRunning = false;
    this.#onStopped = undefined;
    this.#cursor = BEGIN;
  }

  #onClaimed({ nextId, messages, deletedMessages }: ClaimedEntries): void {
    const entries = messages.filter((entry) => entry !== null);
    const deleted = (deletedMessages?.length ?? 0) + messages.length - entries.length;
    this.#cursor = String(nextId);
    const onEnd = () => {
      this.#isRunning = false;
      if (deleted > 0) this.#host.onDeleted(deleted);
      if (this.#onStopped) this.#onStopped();
      else if (this.#cursor !== BEGIN) this.run();
    };
    if (entries.length === 0) return onEnd();
    this.#count(entries, String(entries[0]?.id), new Map(), (counted) => {
      this.#isRunning = false;
      this.#host.onClaimed(counted);
      onEnd();
    });
  }

  /** Reads how often claimed entries have been delivered, among the others of this consumer: XAUTOCLAIM does not tell. */
  #count(
    entries: readonly StreamEntry[],
    from: string,
    counts: Map<string, number>,
    onCounted: (entries: readonly GroupEntry[]) => void,
  ): void {
    const { key, group, consumer, connection } = this.#of;
    const last = String(entries.at(-1)?.id);
    this.#requests.ask<readonly PendingEntry[]>(
      (request) =>
        connection.send(
          (client) => client.xPendingRange(key, group, from, last, PAGE, { consumer }),
          request,
        ),
      (pending) => {
        for (const { id, deliveriesCounter } of pending) counts.set(String(id), deliveriesCounter);
        if (pending.length === PAGE)
          return this.#count(entries, `(${String(pending.at(-1)?.id)}`, counts, onCounted);
        onCounted(entries.map((entry) => toGroupEntry(entry, counts.get(String(entry.id)) ?? 1)));
      },
    );
  }

  #claimOwn(pending: readonly PendingEntry[], onEnd: () => void): void {
    if (pending.length === 0) return onEnd();
    const { key, group, consumer, binary, connection } = this.#of;
    const ids = pending.map(({ id }) => String(id));
    // Not XREADGROUP with an id: node-redis cannot read its reply if one of the entries is deleted.
    this.#requests.ask<readonly (StreamEntry | null)[]>(
      (request) => connection.send((client) => client.xClaim(key, group, consumer, 0, ids), request, binary),
      (messages) => {
        const counts = new Map(pending.map(({ id, deliveriesCounter }) => [String(id), deliveriesCounter]));
        const entries = messages.filter((entry) => entry !== null);
        const deleted = ids.length - entries.length;
        this.#host.onClaimed(
          entries.map((entry) => toGroupEntry(entry, (counts.get(String(entry.id)) ?? 0) + 1)),
        );
        if (deleted > 0) this.#host.onDeleted(deleted);
        onEnd();
      },
    );
  }
}
