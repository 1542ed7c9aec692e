import type { MemoryStreamEntry, MemoryReadStream, MemoryStreamReply } from './memory-commands.js';
import type {
  MemoryAutoClaimOptions,
  MemoryAutoClaimReply,
  MemoryClaimOptions,
  MemoryConsumerInfo,
  MemoryGroupInfo,
  MemoryGroupOptions,
  MemoryPendingEntry,
  MemoryPendingOptions,
  MemoryPendingSummary,
  MemoryReadGroupOptions,
} from './memory-group-types.js';
import { MemoryLogClient } from './memory-log-client.js';
import type { Reply } from '../log/log-client.js';

/** Commands of a client on consumer groups. Each replies at once or as a promise, as `eval` does. */
export abstract class MemoryGroupClient extends MemoryLogClient {
  /** Creates a group (XGROUP CREATE). */
  xGroupCreate(key: string, group: string, id: string, options?: MemoryGroupOptions): Reply<'OK'> {
    return this.strings.xGroupCreate(key, group, id, options);
  }

  /** Deletes a group (XGROUP DESTROY). Returns how many existed. */
  xGroupDestroy(key: string, group: string): Reply<number> {
    return this.strings.xGroupDestroy(key, group);
  }

  /** Creates a consumer (XGROUP CREATECONSUMER). Returns how many are new. */
  xGroupCreateConsumer(key: string, group: string, consumer: string): Reply<number> {
    return this.strings.xGroupCreateConsumer(key, group, consumer);
  }

  /** Deletes a consumer (XGROUP DELCONSUMER). Returns how many entries it had pending. */
  xGroupDelConsumer(key: string, group: string, consumer: string): Reply<number> {
    return this.strings.xGroupDelConsumer(key, group, consumer);
  }

  /** Delivers entries of streams to a consumer (XREADGROUP), and blocks as `xRead` does. */
  xReadGroup(
    group: string,
    consumer: string,
    streams: MemoryReadStream | readonly MemoryReadStream[],
    options?: MemoryReadGroupOptions,
  ): Reply<MemoryStreamReply[] | null> {
    return this.strings.xReadGroup(group, consumer, streams, options);
  }

  /** Acknowledges entries (XACK). Returns how many were pending. */
  xAck(key: string, group: string, ids: string | readonly string[]): Reply<number> {
    return this.strings.xAck(key, group, ids);
  }

  /** Returns what a group has pending, in short (XPENDING). */
  xPending(key: string, group: string): Reply<MemoryPendingSummary> {
    return this.strings.xPending(key, group);
  }

  /** Returns the pending entries between two ids (XPENDING). */
  xPendingRange(
    key: string,
    group: string,
    start: string,
    end: string,
    count: number,
    options?: MemoryPendingOptions,
  ): Reply<MemoryPendingEntry[]> {
    return this.strings.xPendingRange(key, group, start, end, count, options);
  }

  /** Gives pending entries to a consumer (XCLAIM). */
  xClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string | readonly string[],
    options?: MemoryClaimOptions,
  ): Reply<MemoryStreamEntry[]> {
    return this.strings.xClaim(key, group, consumer, minIdleTime, ids, options);
  }

  /** Gives pending entries to a consumer without counting a delivery (XCLAIM JUSTID). */
  xClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string | readonly string[],
    options?: MemoryClaimOptions,
  ): Reply<string[]> {
    return this.strings.xClaimJustId(key, group, consumer, minIdleTime, ids, options);
  }

  /** Gives idle entries from an id on to a consumer (XAUTOCLAIM). */
  xAutoClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    start: string,
    options?: MemoryAutoClaimOptions,
  ): Reply<MemoryAutoClaimReply<string, MemoryStreamEntry>> {
    return this.strings.xAutoClaim(key, group, consumer, minIdleTime, start, options);
  }

  /** Gives idle entries to a consumer without counting a delivery (XAUTOCLAIM JUSTID). */
  xAutoClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    start: string,
    options?: MemoryAutoClaimOptions,
  ): Reply<MemoryAutoClaimReply<string, string>> {
    return this.strings.xAutoClaimJustId(key, group, consumer, minIdleTime, start, options);
  }

  /** Returns the groups of a stream (XINFO GROUPS). */
  xInfoGroups(key: string): Reply<MemoryGroupInfo[]> {
    return this.strings.xInfoGroups(key);
  }

  /** Returns the consumers of a group (XINFO CONSUMERS). */
  xInfoConsumers(key: string, group: string): Reply<MemoryConsumerInfo[]> {
    return this.strings.xInfoConsumers(key, group);
  }

  /** Returns the number of entries of a stream (XLEN). */
  xLen(key: string): Reply<number> {
    return this.strings.xLen(key);
  }

  /** @internal */
  countLost(keys: readonly string[], group: string, since?: readonly string[]): Reply<number[]> {
    return this.strings.countLost(keys, group, since);
  }
}
