import type { ReceiverModuleOptions } from 'rx-redis-receiver/nestjs';
import { slowReturn } from './slow-return.js';

/** A small bound, so that the queue visibly fills. */
export const CAPACITY = 256;
/** Number of workers, which take messages from the queue concurrently. */
export const WORKERS = 4;
/** Milliseconds that a worker spends on a message: 200 messages a second for all of them. */
export const WORK_TIME = 20;
/** Messages of a burst: 400 a second, in batches. `every` is in milliseconds. */
export const BURST = { batches: 60, batchSize: 20, every: 50 };
/** Milliseconds that a killed connection stays closed: long enough to be visible. */
const OUTAGE = 1_500;
/** Milliseconds between two snapshots. */
export const SNAPSHOT_EVERY = 200;
/** Snapshots that a new browser gets first: a minute. */
export const HISTORY = 300;

/** The name of the connection to be killed, in Redis's list of clients. */
export const CLIENT_NAME = `dashboard-${String(process.pid)}`;
/** The prefix of the keys that the traffic changes. */
export const KEYS = 'demo:';

export const receiverOptions = (url: string): ReceiverModuleOptions => ({
  redis: { url, name: CLIENT_NAME, credentialsProvider: slowReturn(url, OUTAGE) },
  capacity: CAPACITY,
  overflow: 'drop-oldest',
  autoStop: false, // the last channel may be removed, and another one added
  connect: true,
});

/** Three channels, a pattern, and keyspace notifications. */
export const FIRST_SOURCES = [
  { kind: 'channel', name: 'orders' },
  { kind: 'channel', name: 'news' },
  { kind: 'channel', name: 'sensors' },
  { kind: 'pattern', name: 'chat:*' },
  { kind: 'pattern', name: `__keyspace@*__:${KEYS}*` },
] as const;
