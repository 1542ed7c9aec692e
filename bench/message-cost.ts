import { enter, type Entry } from './contestant.js';
import type { WindowCost } from './measured/protocol.js';
import type { Options } from './options.js';
import { Publisher } from './publisher.js';
import { inRounds } from './rounds.js';
import { spread } from './statistics.js';
import { tableOf, type Table } from './table.js';

/** Messages in a turn: so many that the leftovers of other contestants in the processor's caches do not count. */
const WINDOW = 20_000;

/**
 * Conditions of a measurement: the bytes of a payload, the number of channels, and whether one pattern takes all of them.
 */
export interface Cell {
  readonly payload: number;
  readonly channels: number;
  readonly byPattern: boolean;
}

const asText = () => ['"', '"'] as const;
const asEvent = (prefix: string) => [`{"pattern":"${prefix}","data":"`, '"}'] as const;

/** The envelope of a recoverable message; the publisher replaces `<id>` by the next id of the channel. */
const asEnvelope = () => ['\0rx1 <id> bench\n', ''] as const;

export const ENTRIES: readonly Entry[] = [
  { title: 'node-redis listener', way: 'bare', as: 'reference' },
  { title: 'node-redis listener again', way: 'bare', as: 'control' },
  { title: 'raw socket, parsed', way: 'raw', as: 'baseline' },
  { title: 'node-redis listener, RESP2', way: 'bareResp2', as: 'baseline', every: 5 },
  { title: 'node-redis listener, Buffers', way: 'bareBytes', as: 'baseline', every: 5 },
  { title: 'merge of naive Observables', way: 'merge', as: 'baseline' },
  { title: 'ioredis 5', way: 'ioredis5', as: 'baseline' },
  { title: 'ioredis 6', way: 'ioredis6', as: 'baseline' },
  { title: 'graphql-redis-subscriptions', way: 'graphql', as: 'baseline', packet: asText, every: 5 },
  { title: "Nest's Redis transport", way: 'nest', as: 'baseline', packet: asEvent, every: 5 },
  { title: 'Receiver, observed', way: 'observe', as: 'receiver' },
  // A baseline, because other snapshots may not have the option.
  { title: 'Receiver, observed, reader: client', way: 'observeWithoutReader', as: 'baseline' },
  { title: 'Receiver on ioredis 5, observed', way: 'observeOnIoredis5', as: 'baseline' },
  { title: 'Receiver on ioredis 6, observed', way: 'observeOnIoredis6', as: 'baseline' },
  {
    title: 'Receiver, recoverable Channels',
    way: 'observeRecoverable',
    as: 'baseline',
    packet: asEnvelope,
  },
  { title: 'Receiver, for await', way: 'iterate', as: 'receiver' },
  { title: 'Receiver, get()', way: 'get', as: 'receiver' },
  { title: 'Receiver, mergeMapBounded', way: 'mergeMapBounded', as: 'receiver' },
];

const OF_ONE_CHANNEL: readonly Entry[] = [
  { title: 'one Channel, 1 observer', way: 'ownObserver', as: 'receiver' },
  { title: 'one Channel, 100 observers', way: 'ownObservers', as: 'receiver', every: 5 },
];

/** Measures what a message costs a subscriber, and how many messages the subscriber can receive. */
export async function messageCost(
  options: Options,
  url: string,
  snapshots: readonly string[],
  { payload, channels, byPattern }: Cell,
): Promise<readonly Table[]> {
  const { rounds, only, profile } = options;
  const isOneChannel = channels === 1 && !byPattern;
  const field = enter([...ENTRIES, ...(isOneChannel ? OF_ONE_CHANNEL : [])], snapshots, only);
  const warmUp = Math.ceil(options.warmUp / WINDOW);
  const turns = warmUp + Math.ceil(options.messages / WINDOW);
  await using publisher = await Publisher.connect(url);

  const results = await inRounds<WindowCost>({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'receive-messages',
      task: { url, way: contestant.way, prefix: contestant.prefix, channels, byPattern, window: WINDOW },
      profile,
    }),
    turns,
    warmUp,
    turn: async (process, turn) => {
      const { prefix, packet } = process.contestant;
      const messages = { prefix, channels, payload, packet, first: turn * WINDOW, count: WINDOW };
      return (await process.ask('window', () => publisher.publish(messages))).cost;
    },
  });
  const where = `${payload} bytes, ${byPattern ? 'one pattern over ' : ''}${channels} ${channels === 1 ? 'channel' : 'channels'}`;
  const figures = [
    {
      what: 'CPU a message',
      where,
      unit: 'µs',
      of: (turns: readonly WindowCost[]) => (mean(turns.map(({ cpu }) => cpu)) * 1_000) / WINDOW,
      digits: 3,
    },
    {
      what: 'Messages a second',
      where,
      unit: 'thousands',
      of: (turns: readonly WindowCost[]) => spread(turns.map(({ rate }) => rate)).median / 1_000,
      digits: 0,
    },
    {
      what: 'Resident memory',
      where,
      unit: 'MiB',
      of: (turns: readonly WindowCost[]) => Math.max(...turns.map(({ resident }) => resident)) / 2 ** 20,
      digits: 0,
    },
  ];
  return figures.map((figure) => tableOf(figure, field, results));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
