import type { MemoryReadOptions } from './memory-commands.js';

/** Options of XGROUP CREATE, in the form of node-redis. */
export interface MemoryGroupOptions {
  /** Creates the stream if there is none. */
  readonly MKSTREAM?: boolean;
  /** Number of entries that the group has read. */
  readonly ENTRIESREAD?: number;
}

/** Options of XREADGROUP, in the form of node-redis. */
export interface MemoryReadGroupOptions extends MemoryReadOptions {
  /** Delivers without waiting for acknowledgements. */
  readonly NOACK?: boolean;
}

/** Options of XPENDING, in the form of node-redis. */
export interface MemoryPendingOptions {
  /** Milliseconds for which the entries have been pending at least. */
  readonly IDLE?: number;
  /** Consumer that has the entries. */
  readonly consumer?: string;
}

/** Options of XCLAIM, in the form of node-redis. */
export interface MemoryClaimOptions {
  /** Milliseconds since the last delivery, as it is noted. */
  readonly IDLE?: number;
  /** Time of the last delivery, as it is noted. */
  readonly TIME?: number | Date;
  /** Number of deliveries, as it is noted. */
  readonly RETRYCOUNT?: number;
  /** Claims entries that are not pending, too. */
  readonly FORCE?: boolean;
  /** Last id of the group, if it is later. */
  readonly LASTID?: string;
}

/** Options of XAUTOCLAIM, in the form of node-redis. */
export interface MemoryAutoClaimOptions {
  /** Most entries, 100 by default. */
  readonly COUNT?: number;
}

/** Reply to XAUTOCLAIM, in the form of node-redis. */
export interface MemoryAutoClaimReply<T, M> {
  /** Id at which the next call goes on; 0-0 at the end. */
  readonly nextId: T;
  /** Claimed entries, or their ids. */
  readonly messages: M[];
  /** Ids that were pending although their entries are gone. */
  readonly deletedMessages: T[];
}

/** Consumer with pending entries, in the form of node-redis. */
export interface MemoryPendingConsumer<T = string> {
  /** Name of the consumer. */
  readonly name: T;
  /** Number of its pending entries. */
  readonly deliveriesCounter: number;
}

/** Reply to a short XPENDING, in the form of node-redis. */
export interface MemoryPendingSummary<T = string> {
  /** Number of pending entries. */
  readonly pending: number;
  /** Smallest pending id. */
  readonly firstId: T | null;
  /** Largest pending id. */
  readonly lastId: T | null;
  /** Consumers with pending entries. */
  readonly consumers: MemoryPendingConsumer<T>[] | null;
}

/** Pending entry, in the form of node-redis. */
export interface MemoryPendingEntry<T = string> {
  /** Id of the entry. */
  readonly id: T;
  /** Consumer to which the entry was delivered last. */
  readonly consumer: T;
  /** Milliseconds since then. */
  readonly millisecondsSinceLastDelivery: number;
  /** Number of deliveries. */
  readonly deliveriesCounter: number;
}

/** Group of a stream, in the form of node-redis. */
export interface MemoryGroupInfo<T = string> {
  /** Name of the group. */
  readonly name: T;
  /** Number of its consumers. */
  readonly consumers: number;
  /** Number of its pending entries. */
  readonly pending: number;
  /** Id of the last entry that was delivered. */
  readonly 'last-delivered-id': T;
  /** Number of entries that were read, if it is known. */
  readonly 'entries-read': number | null;
  /** Number of entries that were not delivered yet, if it is known. */
  readonly lag: number | null;
}

/** Consumer of a group, in the form of node-redis. */
export interface MemoryConsumerInfo<T = string> {
  /** Name of the consumer. */
  readonly name: T;
  /** Number of its pending entries. */
  readonly pending: number;
  /** Milliseconds since the consumer was active. */
  readonly idle: number;
}
