import { checkedBlock, checkedCount, checkedIds, checkedKey, checkedStreams } from './checks-of-logs.js';
import { onWire } from './memory-client-core.js';
import type { MemoryReadStream, MemoryStreamEntry, MemoryStreamReply } from './memory-commands.js';
import { MemoryClaimCommands } from './memory-claim-commands.js';
import type {
  MemoryConsumerInfo,
  MemoryGroupInfo,
  MemoryGroupOptions,
  MemoryReadGroupOptions,
} from './memory-group-types.js';
import type { ReadEntry } from './memory-groups.js';
import type { Reply } from '../log/log-client.js';

/** Commands of a client on consumer groups, with replies in strings or in Buffers. */
export class MemoryGroupCommands<T extends string | Buffer> extends MemoryClaimCommands<T> {
  /** Creates a group (XGROUP CREATE). */
  xGroupCreate(key: string, group: string, id: string, options: MemoryGroupOptions = {}): Reply<'OK'> {
    return this.command(checkedKey(key), () =>
      this.groups.create(
        onWire(key),
        onWire(group),
        id,
        options.MKSTREAM === true,
        options.ENTRIESREAD === -1 ? undefined : options.ENTRIESREAD,
      ),
    );
  }

  /** Deletes a group (XGROUP DESTROY). Returns how many existed. */
  xGroupDestroy(key: string, group: string): Reply<number> {
    return this.command(checkedKey(key), () => this.groups.destroy(onWire(key), onWire(group)));
  }

  /** Creates a consumer (XGROUP CREATECONSUMER). Returns how many are new. */
  xGroupCreateConsumer(key: string, group: string, consumer: string): Reply<number> {
    return this.command(checkedKey(key), () =>
      this.groups.createConsumer(onWire(key), onWire(group), onWire(consumer)),
    );
  }

  /** Deletes a consumer (XGROUP DELCONSUMER). Returns how many entries it had pending. */
  xGroupDelConsumer(key: string, group: string, consumer: string): Reply<number> {
    return this.command(checkedKey(key), () =>
      this.groups.deleteConsumer(onWire(key), onWire(group), onWire(consumer)),
    );
  }

  /** Delivers entries of streams to a consumer (XREADGROUP), and blocks as `xRead` does. */
  xReadGroup(
    group: string,
    consumer: string,
    streams: MemoryReadStream | readonly MemoryReadStream[],
    options: MemoryReadGroupOptions = {},
  ): Reply<MemoryStreamReply<T>[] | null> {
    const list = checkedStreams(streams);
    const count = checkedCount(options.COUNT);
    const block = checkedBlock(options.BLOCK);
    const keys = list.map(({ key }) => key);
    let isWaiting = false;
    return this.core.blockingCommand({
      keys,
      block,
      attempt: () => {
        this.assertAllowed(keys);
        if (isWaiting) for (const key of keys) this.groups.assertStillThere(key, onWire(group));
        const positions = list.map(({ key, id }) => ({
          key,
          history: this.groups.check(key, onWire(group), id),
        }));
        const read = positions.flatMap(({ key, history }) => {
          const entries = this.groups.read(
            key,
            onWire(group),
            onWire(consumer),
            history,
            count,
            options.NOACK,
          );
          return entries ? [{ key, entries }] : [];
        });
        if (read.length > 0)
          return read.map(({ key, entries }) => ({
            name: this.text(key),
            messages: entries.map((entry) => this.#read(entry)),
          }));
        isWaiting = true;
        return block === undefined ? null : undefined;
      },
    });
  }

  /** Acknowledges entries (XACK). Returns how many were pending. */
  xAck(key: string, group: string, ids: string | readonly string[]): Reply<number> {
    const list = checkedIds(ids);
    return this.command(checkedKey(key), () => this.groups.acknowledge(onWire(key), onWire(group), list));
  }

  /** Returns the groups of a stream (XINFO GROUPS). */
  xInfoGroups(key: string): Reply<MemoryGroupInfo<T>[]> {
    return this.command(checkedKey(key), () => {
      const { stream, groups } = this.groups.groupsOf(onWire(key));
      return groups.map(([name, group]) => ({
        name: this.text(name),
        consumers: group.consumers.length,
        pending: group.pending.length,
        'last-delivered-id': this.id(group.lastId),
        'entries-read': group.read ?? null,
        lag: stream.lagOf(group),
      }));
    });
  }

  /** Returns the consumers of a group (XINFO CONSUMERS). */
  xInfoConsumers(key: string, group: string): Reply<MemoryConsumerInfo<T>[]> {
    return this.command(checkedKey(key), () => {
      const found = this.groups.group(onWire(key), onWire(group));
      return found.consumers.map(([name, seen]) => ({
        name: this.text(name),
        pending: found.pendingOf(name).length,
        idle: this.groups.now - seen,
      }));
    });
  }

  /** Returns the number of entries of a stream (XLEN). */
  xLen(key: string): Reply<number> {
    return this.command(checkedKey(key), (keys) => keys.stream(onWire(key))?.length ?? 0);
  }

  /** @internal */
  countLost(keys: readonly string[], group: string, since?: readonly string[]): Reply<number[]> {
    return this.core.command(() => {
      this.assertAllowed(keys);
      return keys.map((key, index) => this.groups.countLost(onWire(key), onWire(group), since?.[index]));
    });
  }

  #read(entry: ReadEntry): MemoryStreamEntry<T> {
    // node-redis fails on a pending entry that was deleted, after Redis has delivered the others.
    if (!entry.fields) throw new TypeError("Cannot read properties of null (reading 'length')");
    return this.entry(entry);
  }
}
