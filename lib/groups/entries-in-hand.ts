import { RetriedRequests } from '../recovery/retried-requests.js';
import { compareEntryIds } from '../streams/entry-id.js';
import type { GroupEntry } from './group-entry.js';
import type { GroupKey } from './group-key.js';

/** The largest number of ids in one XCLAIM, and of entries in a reply to XPENDING. */
const BATCH = 1_000;

/** The consumer that has what others have given back: they can then be deleted, and do not pile up in the group. */
export const RETURNED = 'rx-redis-receiver:returned';

/** Ids of entries that this consumer has, by the time since their delivery. */
interface Own {
  readonly fresh: string[];
  readonly old: string[];
}

const IGNORED = { onReply: () => undefined, onError: () => undefined };

/** The entries that this consumer has and has not acknowledged, from their delivery by Redis to the reply to XACK. */
export class EntriesInHand {
  readonly #of: GroupKey;
  readonly #claimAfter: number;
  readonly #refreshes: RetriedRequests;
  readonly #entries = new Map<string, GroupEntry>();
  /** Entries that are still being handled, and of which Redis does not know: another entry may have the same id. */
  readonly #forgotten = new Set<GroupEntry>();
  /** The requests that give entries back. */
  readonly #givingBack = new Set<object>();
  #onEnd: (() => void)[] = [];

  constructor(of: GroupKey, claimAfter: number) {
    this.#of = of;
    this.#claimAfter = claimAfter;
    // The next claim reports a missing permission.
    this.#refreshes = new RetriedRequests(of.connection, { onRefused: () => undefined });
  }

  /** Milliseconds. */
  get #halfTime(): number {
    return Math.ceil(this.#claimAfter / 2);
  }

  get size(): number {
    return this.#entries.size + this.#forgotten.size;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  add(entry: GroupEntry): void {
    const earlier = this.#entries.get(entry.id);
    if (earlier) this.#forgotten.add(earlier);
    this.#entries.set(entry.id, entry);
  }

  /** Forgets the ids of all entries: the group that has delivered them is gone. */
  forget(): void {
    for (const entry of this.#entries.values()) this.#forgotten.add(entry);
    this.#entries.clear();
  }

  /** Returns whether the end of the handling of an entry means nothing to Redis any more. */
  dropForgotten(entry: GroupEntry): boolean {
    return this.#forgotten.delete(entry);
  }

  delete(id: string): void {
    if (this.#entries.delete(id)) return;
    for (const entry of this.#forgotten) if (entry.id === id) this.#forgotten.delete(entry);
  }

  /**
   * Resets the idle time of the entries, so that no other consumer claims what waits here or is being handled. XCLAIM with JUSTID
   * leaves the number of deliveries as it is. An entry that was idle for a moment only is left alone: another consumer may have
   * just claimed it, because this process had stopped for a while.
   */
  refresh(): void {
    this.#refreshes.cancel();
    this.#refreshAll([...this.#entries.keys()]);
  }

  #refreshAll(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const { key, group, consumer, connection } = this.#of;
    const minIdle = Math.floor(this.#claimAfter / 4);
    const batch = ids.slice(0, BATCH);
    // Made again at once when the connection is lost: after the next refresh it would be too late.
    this.#refreshes.ask<unknown>(
      (request) =>
        connection.send((client) => client.xClaimJustId(key, group, consumer, minIdle, batch), request),
      () => this.#refreshAll(ids.slice(BATCH)),
    );
  }

  /**
   * Gives entries back that nobody here has received: another consumer can claim them at once, as if they had never been
   * delivered. What cannot be given back is claimed after a while. What another consumer has claimed, because this process had
   * stopped for a while, is left alone.
   */
  giveBack(entries: readonly GroupEntry[]): void {
    const { key, group, connection } = this.#of;
    const byCount = new Map<number, string[]>();
    for (const entry of entries) {
      if (this.#forgotten.delete(entry)) continue;
      const { id, deliveries } = entry;
      this.#entries.delete(id);
      byCount.set(deliveries, [...(byCount.get(deliveries) ?? []), id]);
    }
    for (const [deliveries, ids] of byCount) {
      const options = { IDLE: this.#claimAfter, RETRYCOUNT: deliveries - 1 };
      const onEnd = () => {
        if (this.#givingBack.delete(request)) this.#onGivenBack();
      };
      const request = { onReply: onEnd, onError: onEnd };
      this.#givingBack.add(request);
      this.#ownOf(
        ids.sort(compareEntryIds),
        (own) => {
          const parts = [own.fresh, own.old].filter(({ length }) => length > 0);
          if (parts.length === 0) onEnd();
          for (const part of parts) {
            // Fails for an old entry that another consumer claims meanwhile: its idle time begins anew.
            const minIdle = part === own.old ? this.#halfTime : 0;
            connection.send(
              (client) => client.xClaimJustId(key, group, RETURNED, minIdle, part, options),
              part === parts.at(-1) ? request : IGNORED,
            );
          }
        },
        onEnd,
      );
    }
  }

  /** Calls back with those of the ids that this consumer still has: old ones, which others may claim soon, and fresh ones. */
  #ownOf(
    ids: readonly string[],
    onFound: (own: Own) => void,
    onError: () => void,
    from = ids[0] ?? '-',
  ): void {
    const { key, group, consumer, connection } = this.#of;
    connection.send(
      (client) => client.xPendingRange(key, group, from, ids.at(-1) ?? '+', BATCH, { consumer }),
      {
        onReply: (pending) => {
          const idle = new Map(
            pending.map((entry) => [String(entry.id), entry.millisecondsSinceLastDelivery]),
          );
          const own = ids.filter((id) => idle.has(id));
          const isOld = (id: string) => (idle.get(id) ?? 0) >= this.#halfTime;
          const fresh = own.filter((id) => !isOld(id));
          const old = own.filter(isOld);
          if (pending.length < BATCH) return onFound({ fresh, old });
          const next = `(${String(pending.at(-1)?.id)}`;
          const onRest = (rest: Own) =>
            onFound({ fresh: [...fresh, ...rest.fresh], old: [...old, ...rest.old] });
          this.#ownOf(ids, onRest, onError, next);
        },
        onError,
      },
    );
  }

  /** Calls back when Redis has replied to everything that was given back. */
  whenGivenBack(onEnd: () => void): void {
    if (this.#givingBack.size === 0) onEnd();
    else this.#onEnd.push(onEnd);
  }

  /** Waits for no further reply. */
  giveUp(): void {
    this.#refreshes.cancel();
    this.#givingBack.clear();
    this.#onGivenBack();
  }

  #onGivenBack(): void {
    if (this.#givingBack.size > 0) return;
    const waiting = this.#onEnd;
    this.#onEnd = [];
    for (const onEnd of waiting) onEnd();
  }
}
