import type { Reply, StreamEntry } from '../log/log-client.js';

/** An entry that was delivered to a consumer and not acknowledged. */
export interface PendingEntry {
  readonly id: string | Buffer;
  readonly millisecondsSinceLastDelivery: number;
  readonly deliveriesCounter: number;
}

/** The reply to XAUTOCLAIM. Before Redis 7, an entry that is deleted is null, and no ids of deleted entries follow. */
export interface ClaimedEntries {
  readonly nextId: string | Buffer;
  readonly messages: readonly (StreamEntry | null)[];
  readonly deletedMessages?: readonly (string | Buffer)[];
}

export interface GroupInfo {
  readonly name: string | Buffer;
  /** A number by mistake in the types of node-redis. */
  readonly 'last-delivered-id': string | Buffer | number;
}

/** The fields of an entry, as XADD takes them. */
export type EntryFields = Record<string, string | Buffer>;

/** The commands of consumer groups. The clients of a server, a cluster and a Sentinel set all have them. */
export interface GroupCommands {
  xGroupCreate(key: string, group: string, id: string, options: { MKSTREAM: true }): Reply<unknown>;
  xGroupDelConsumer(key: string, group: string, consumer: string): Reply<number>;
  xInfoGroups(key: string): Reply<readonly GroupInfo[]>;
  xAck(key: string, group: string, ids: string[]): Reply<number>;
  xPendingRange(
    key: string,
    group: string,
    start: string,
    end: string,
    count: number,
    options: { consumer: string },
  ): Reply<readonly PendingEntry[]>;
  xClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string[],
    options?: { RETRYCOUNT?: number },
  ): Reply<readonly (StreamEntry | null)[]>;
  xClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    ids: string[],
    options?: { IDLE?: number; RETRYCOUNT?: number },
  ): Reply<unknown>;
  xAutoClaim(
    key: string,
    group: string,
    consumer: string,
    minIdleTime: number,
    start: string,
    options: { COUNT: number },
  ): Reply<ClaimedEntries>;
  xAdd(key: string, id: string, message: EntryFields): Reply<unknown>;
}
