import { ConsumerGroup, type ClaimOptions, type PendingEntry } from './consumer-group.js';
import type { MemoryKeyspace } from './memory-keyspace.js';
import type { MemoryEntry } from './memory-entry.js';
import type { MemoryStream } from './memory-stream.js';
import {
  compareStreamIds,
  parseRangeEnd,
  parseRangeStart,
  parseStreamId,
  ZERO_ID,
  type StreamId,
} from './stream-id.js';

interface Found {
  readonly stream: MemoryStream;
  readonly group: ConsumerGroup;
}

export type ReadEntry = MemoryEntry | { readonly id: StreamId; readonly fields: undefined };

const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';
const MEANINGLESS =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.';

/** Consumer groups of Redis 7, with its error texts. */
export class MemoryGroups {
  readonly #keys: MemoryKeyspace;

  constructor(keys: MemoryKeyspace) {
    this.#keys = keys;
  }

  get now(): number {
    return this.#keys.now();
  }

  create(key: string, name: string, id: string, makeStream: boolean, read: number | undefined): 'OK' {
    const existing = this.#keys.stream(key);
    if (!existing && !makeStream) throw new Error(NO_KEY);
    const lastId = id === '$' ? (existing?.lastId ?? ZERO_ID) : parseStreamId(id, 0n);
    const { groups } = this.#keys.streamOrNew(key);
    if (groups.has(name)) throw new Error('BUSYGROUP Consumer Group name already exists');
    groups.set(name, new ConsumerGroup(lastId, read));
    return 'OK';
  }

  destroy(key: string, name: string): number {
    const isDeleted = this.#streamOfGroup(key).groups.delete(name);
    if (isDeleted) this.#keys.touch(key);
    return Number(isDeleted);
  }

  createConsumer(key: string, name: string, consumer: string): number {
    const group = this.#groupOfStream(key, name);
    return group.has(consumer) ? 0 : Number(group.see(consumer, this.now));
  }

  deleteConsumer(key: string, name: string, consumer: string): number {
    return this.#groupOfStream(key, name).remove(consumer);
  }

  /** Checks a read as Redis does before it reads any stream. Returns the position in the history, or undefined for `>`. */
  check(key: string, name: string, id: string): StreamId | undefined {
    const group = this.#keys.stream(key)?.groups.get(name);
    if (!group) throw new Error(noGroup(key, name, ' in XREADGROUP with GROUP option'));
    if (id === '$') throw new Error(MEANINGLESS);
    return id === '>' ? undefined : parseStreamId(id, 0n);
  }

  /** Returns undefined where there is nothing new. */
  read(
    key: string,
    name: string,
    consumer: string,
    history: StreamId | undefined,
    count?: number,
    noAck?: boolean,
  ): ReadEntry[] | undefined {
    const { stream, group } = this.find(key, name);
    // Redis 7.0 creates a consumer only with its first reply.
    if (!history && stream.after(group.lastId, 1).length === 0) {
      if (group.has(consumer)) group.see(consumer, this.now);
      return undefined;
    }
    group.see(consumer, this.now);
    if (!history) return group.deliver(stream, consumer, this.now, count, noAck);
    return group
      .redeliver(stream, consumer, history, this.now, count)
      .map(({ id }): ReadEntry => stream.get(id) ?? { id, fields: undefined });
  }

  /** Throws what Redis 7.0 tells a blocked read whose key or group is gone. */
  assertStillThere(key: string, name: string): void {
    let stream: MemoryStream | undefined;
    try {
      stream = this.#keys.stream(key);
    } catch {
      // A key of another type is as good as none.
    }
    if (!stream) throw new Error('UNBLOCKED the stream key no longer exists');
    if (!stream.groups.has(name))
      throw new Error('NOGROUP the consumer group this client was blocked on no longer exists');
  }

  /** Does the work of the script that counts what a group has lost unread. Returns -1 where that is unknown. */
  countLost(key: string, name: string, since?: string): number {
    const stream = this.#keys.stream(key);
    const group = stream?.groups.get(name);
    if (!stream || !group) return 0;
    const { lastId, read: before } = group;
    const unread = stream.after(lastId).length;
    const now = (group.read = stream.added - unread);
    const from = since === undefined ? undefined : parseStreamId(since, 0n);
    if (from && stream.after(from).length === stream.length && stream.added > stream.length) return -1;
    if (before !== undefined) return Math.max(0, now - before);
    const isNew = [ZERO_ID, stream.lastId].some((id) => compareStreamIds(id, lastId) === 0) || now === 0;
    return isNew || unread < stream.length ? 0 : -1;
  }

  acknowledge(key: string, name: string, ids: readonly string[]): number {
    const group = this.#keys.stream(key)?.groups.get(name);
    return group ? group.acknowledge(ids.map((id) => parseStreamId(id, 0n))) : 0;
  }

  pending(key: string, name: string): ConsumerGroup {
    return this.find(key, name).group;
  }

  pendingRange(
    key: string,
    name: string,
    start: string,
    end: string,
    count: number,
    idle: number,
    consumer?: string,
  ): PendingEntry[] {
    const [from, to] = [parseRangeStart(start), parseRangeEnd(end)];
    const { group } = this.find(key, name);
    return group.pending
      .filter(
        (entry: PendingEntry) =>
          compareStreamIds(entry.id, from) >= 0 &&
          compareStreamIds(entry.id, to) <= 0 &&
          (consumer === undefined || entry.consumer === consumer) &&
          this.now - entry.time >= idle,
      )
      .slice(0, count);
  }

  claim(
    key: string,
    name: string,
    consumer: string,
    ids: readonly string[],
    options: ClaimOptions,
    lastId?: string,
  ): MemoryEntry[] {
    const { stream, group } = this.find(key, name);
    const parsed = ids.map(claimedId);
    const last = lastId === undefined ? ZERO_ID : parseStreamId(lastId, 0n);
    if (compareStreamIds(last, group.lastId) > 0) group.lastId = last;
    const claimed = group.claim(stream, consumer, parsed, options, this.now);
    this.#seeClaimant(group, consumer, claimed);
    return entriesOf(stream, claimed);
  }

  autoClaim(
    key: string,
    name: string,
    consumer: string,
    start: string,
    count: number,
    options: ClaimOptions,
  ): { next: StreamId; deleted: StreamId[]; entries: MemoryEntry[] } {
    const from = parseRangeStart(start);
    const { stream, group } = this.find(key, name);
    const { claimed, deleted, next } = group.claimFrom(stream, consumer, from, count, options, this.now);
    this.#seeClaimant(group, consumer, claimed);
    return { next, deleted, entries: entriesOf(stream, claimed) };
  }

  groupsOf(key: string): { stream: MemoryStream; groups: [string, ConsumerGroup][] } {
    const stream = this.#keys.info(key);
    const groups = [...stream.groups].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return { stream, groups };
  }

  group(key: string, name: string): ConsumerGroup {
    const group = this.#keys.info(key).groups.get(name);
    if (!group) throw new Error(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
    return group;
  }

  find(key: string, name: string): Found {
    const stream = this.#keys.stream(key);
    const group = stream?.groups.get(name);
    if (!stream || !group) throw new Error(noGroup(key, name));
    return { stream, group };
  }

  /** Creates a consumer only with the first entry that it claims, as Redis 7.0 does. */
  #seeClaimant(group: ConsumerGroup, consumer: string, claimed: readonly StreamId[]): void {
    if (claimed.length > 0 || group.has(consumer)) group.see(consumer, this.now);
  }

  #streamOfGroup(key: string): MemoryStream {
    const stream = this.#keys.stream(key);
    if (!stream) throw new Error(NO_KEY);
    return stream;
  }

  #groupOfStream(key: string, name: string): ConsumerGroup {
    this.#streamOfGroup(key);
    return this.group(key, name);
  }
}

function noGroup(key: string, name: string, suffix = ''): string {
  return `NOGROUP No such key '${key}' or consumer group '${name}'${suffix}`;
}

/** Parses an id of XCLAIM, whose options follow the ids: what is no id is read as one of them. */
function claimedId(id: string): StreamId {
  try {
    return parseStreamId(id, 0n);
  } catch {
    throw new Error(`ERR Unrecognized XCLAIM option '${id}'`);
  }
}

function entriesOf(stream: MemoryStream, ids: readonly StreamId[]): MemoryEntry[] {
  return ids.flatMap((id) => stream.get(id) ?? []);
}
