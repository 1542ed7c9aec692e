import type { ReceiverModuleOptions } from 'rx-redis-receiver/nestjs';
import { slowReturn } from './slow-return.js';

/** Small, so that one sees it full. */
export const CAPACITY = 256;
/** They take messages from the queue side by side. */
export const WORKERS = 4;
/** Milliseconds that a worker spends on a message: 200 messages a second for all of them. */
export const WORK_TIME = 20;
/** Messages of a burst: 400 a second, in helpings. */
export const BURST = { helpings: 60, helping: 20, every: 50 };
/** Milliseconds that a connection which was killed stays away: long enough to be seen. */
const OUTAGE = 1_500;
/** Milliseconds between two snapshots. */
export const SNAPSHOT_EVERY = 200;
/** Snapshots that a new browser is told at first: a minute. */
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

/** Three channels, a pattern, and what Redis tells of its keys. */
export const FIRST_SOURCES = [
  { kind: 'channel', name: 'orders' },
  { kind: 'channel', name: 'news' },
  { kind: 'channel', name: 'sensors' },
  { kind: 'pattern', name: 'chat:*' },
  { kind: 'pattern', name: `__keyspace@*__:${KEYS}*` },
] as const;
