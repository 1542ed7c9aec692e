import type { ClaimOptions, ConsumerGroup } from './consumer-group.js';
import { checkedCount, checkedIds, checkedKey } from './checks-of-logs.js';
import { onWire } from './memory-client-core.js';
import { MemoryCommands, type MemoryStreamEntry } from './memory-commands.js';
import type {
  MemoryAutoClaimOptions,
  MemoryAutoClaimReply,
  MemoryClaimOptions,
  MemoryPendingEntry,
  MemoryPendingOptions,
  MemoryPendingSummary,
} from './memory-group-types.js';
import type { MemoryGroups } from './memory-groups.js';
import type { MemoryEntry } from './memory-entry.js';
import { formatStreamId, type StreamId } from './stream-id.js';
import type { Reply } from '../log/log-client.js';

/** Commands of a client on what consumers of groups have pending, with replies in strings or in Buffers. */
export class MemoryClaimCommands<T extends string | Buffer> extends MemoryCommands<T> {
  /** Returns what a group has pending, in short (XPENDING). */
  xPending(key: string, group: string): Reply<MemoryPendingSummary<T>> {
    return this.command(checkedKey(key), () =>
      this.#summary(this.groups.pending(onWire(key), onWire(group))),
    );
  }

  /** Returns the pending entries between two ids (XPENDING). */
  xPendingRange(
    key: string,
    group: string,
    start: string,
    end: string,
    count: number,
    options: MemoryPendingOptions = {},
  ): Reply<MemoryPendingEntry<T>[]> {
    return this.command(checkedKey(key), () =>
      this.groups
        .pendingRange(
          onWire(key),
          onWire(group),
          start,
          end,
          count,
          options.IDLE ?? 0,
          options.consumer === '' ? undefined : options.consumer,
        )
        .map(({ id, consumer, time, deliveries }) => ({
          id: this.id(id),
          consumer: this.text(consumer),
          millisecondsSinceLastDelivery: this.groups.now - time,
          deliveriesCounter: deliveries,
        })),
    );
  }

  /** Gives pending entries to a consumer (XCLAIM). */
  xClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string | readonly string[],
    options: MemoryClaimOptions = {},
  ): Reply<MemoryStreamEntry<T>[]> {
    return this.#claim(key, group, consumer, minIdleTime, ids, options, false, (entry) => this.entry(entry));
  }

  /** Gives pending entries to a consumer without counting a delivery (XCLAIM JUSTID). */
  xClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string | readonly string[],
    options: MemoryClaimOptions = {},
  ): Reply<T[]> {
    return this.#claim(key, group, consumer, minIdleTime, ids, options, true, ({ id }) => this.id(id));
  }

  /** Gives idle entries from an id on to a consumer (XAUTOCLAIM). */
  xAutoClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    start: string,
    options: MemoryAutoClaimOptions = {},
  ): Reply<MemoryAutoClaimReply<T, MemoryStreamEntry<T>>> {
    return this.#autoClaim(key, group, consumer, minIdleTime, start, options, false, (entry) =>
      this.entry(entry),
    );
  }

  /** Gives idle entries to a consumer without counting a delivery (XAUTOCLAIM JUSTID). */
  xAutoClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    start: string,
    options: MemoryAutoClaimOptions = {},
  ): Reply<MemoryAutoClaimReply<T, T>> {
    return this.#autoClaim(key, group, consumer, minIdleTime, start, options, true, ({ id }) => this.id(id));
  }

  #claim<M>(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    ids: string | readonly string[],
    options: MemoryClaimOptions,
    justId: boolean,
    read: (entry: MemoryEntry) => M,
  ): Reply<M[]> {
    const list = checkedIds(ids);
    return this.command(checkedKey(key), () =>
      this.groups
        .claim(
          onWire(key),
          onWire(group),
          onWire(consumer),
          list,
          this.#optionsOf(minIdle, justId, options),
          options.LASTID,
        )
        .map(read),
    );
  }

  #autoClaim<M>(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    start: string,
    { COUNT }: MemoryAutoClaimOptions,
    justId: boolean,
    read: (entry: MemoryEntry) => M,
  ): Reply<MemoryAutoClaimReply<T, M>> {
    const count = checkedCount(COUNT) ?? 100;
    return this.command(checkedKey(key), () => {
      const { next, entries, deleted } = this.groups.autoClaim(
        onWire(key),
        onWire(group),
        onWire(consumer),
        start,
        count,
        this.#optionsOf(minIdle, justId),
      );
      return {
        nextId: this.id(next),
        messages: entries.map(read),
        deletedMessages: deleted.map((id) => this.id(id)),
      };
    });
  }

  #optionsOf(minIdle: number, justId: boolean, options: MemoryClaimOptions = {}): ClaimOptions {
    const { now } = this.groups;
    const { IDLE, TIME, RETRYCOUNT, FORCE = false } = options;
    const time = TIME !== undefined ? Number(TIME) : now - (IDLE ?? 0);
    return {
      minIdle,
      justId,
      force: FORCE,
      deliveries: RETRYCOUNT,
      time: time < 0 || time > now ? now : time,
    };
  }

  #summary(group: ConsumerGroup): MemoryPendingSummary<T> {
    const { pending } = group;
    const [first, last] = [pending[0], pending.at(-1)];
    if (!first || !last) return { pending: 0, firstId: null, lastId: null, consumers: null };
    const consumers = group.consumers
      .map(([name]) => ({ name: this.text(name), deliveriesCounter: group.pendingOf(name).length }))
      .filter(({ deliveriesCounter }) => deliveriesCounter > 0);
    return { pending: pending.length, firstId: this.id(first.id), lastId: this.id(last.id), consumers };
  }

  /** @internal */
  protected get groups(): MemoryGroups {
    return this.server.groups;
  }

  /** @internal */
  protected id(id: StreamId): T {
    return this.text(formatStreamId(id));
  }
}
