import type { ReceiverStats } from '../index.js';

/** The parts of a Receiver that `instrument()` reads; every Receiver has them. */
export interface Instrumentable {
  /** The counts of the Receiver. */
  readonly stats: ReceiverStats;
  /** The registered channels. */
  readonly channels: Pick<ReadonlySet<unknown>, 'size'>;
  /** The registered patterns. */
  readonly patterns: Pick<ReadonlySet<unknown>, 'size'>;
  /** The registered sharded channels. */
  readonly shards: Pick<ReadonlySet<unknown>, 'size'>;
}

/** A metric, and the place of its value in a Receiver. */
interface Metric {
  readonly name: string;
  readonly create: 'createObservableCounter' | 'createObservableGauge';
  readonly unit: string;
  readonly description: string;
  /** Returns undefined where the Receiver has no such count. */
  read(stats: ReceiverStats, receiver: Instrumentable): number | undefined;
}

type Read = Metric['read'];

const counter = (name: string, unit: string, description: string, read: Read): Metric => ({
  ...{ name, unit, description, read },
  create: 'createObservableCounter',
});

const gauge = (name: string, unit: string, description: string, read: Read): Metric => ({
  ...{ name, unit, description, read },
  create: 'createObservableGauge',
});

/** The metrics of a Receiver. The first has the name of the semantic conventions for messaging, which have none for the others. */
export const METRICS: readonly Metric[] = [
  counter(
    'messaging.client.consumed.messages',
    '{message}',
    'Messages handed to an observer or a pull.',
    ({ delivered }) => delivered,
  ),
  counter(
    'redis.receiver.received.messages',
    '{message}',
    'Messages from Redis for an open Channel.',
    ({ received }) => received,
  ),
  counter(
    'redis.receiver.dropped.messages',
    '{message}',
    'Messages that a full queue has dropped or refused.',
    ({ dropped }) => dropped,
  ),
  counter(
    'redis.receiver.late.messages',
    '{message}',
    'Messages that arrived after the end of their Channel or of the Receiver.',
    ({ late }) => late,
  ),
  counter(
    'redis.receiver.undecodable.messages',
    '{message}',
    'Messages that their codec could not decode.',
    ({ undecodable }) => undecodable,
  ),
  counter(
    'redis.receiver.unmatched.messages',
    '{message}',
    'Messages that the glob of a topic matched, and its template did not.',
    ({ unmatched }) => unmatched,
  ),
  counter(
    'redis.receiver.recovered.messages',
    '{message}',
    'Messages that recoverable Channels have read from their logs.',
    ({ recovered }) => recovered,
  ),
  counter('redis.receiver.gaps', '{gap}', 'Periods in which messages may be missing.', ({ gaps }) => gaps),
  gauge(
    'redis.receiver.queue.messages',
    '{message}',
    'Messages that wait in the queue.',
    ({ buffered }) => buffered,
  ),
  gauge(
    'redis.receiver.queue.size',
    'By',
    'Payload bytes that wait in the queue.',
    ({ bufferedBytes }) => bufferedBytes,
  ),
  gauge(
    'redis.receiver.queue.high_water',
    '{message}',
    'The largest number of messages that have waited at a time.',
    ({ highWater }) => highWater,
  ),
  gauge(
    'redis.receiver.channels',
    '{channel}',
    'Registered channels, patterns and sharded channels.',
    (_, { channels, patterns, shards }) => channels.size + patterns.size + shards.size,
  ),
];
