import { enter, type Entry } from './contestant.js';
import type { Cost } from './measured/protocol.js';
import type { Options } from './options.js';
import { inRounds } from './rounds.js';
import { tableOf, type Table } from './table.js';

/** Values in a turn. */
const WINDOW = 20_000;
/** Values that arrive at once, like the messages in a chunk of a socket. */
const BURST = 100;

const ASYNC: readonly Entry[] = [
  { title: 'concatMap', way: 'concatMap', as: 'reference' },
  { title: 'concatMap again', way: 'concatMap', as: 'control' },
  { title: 'mergeMap, 16', way: 'mergeMap', as: 'reference' },
  { title: 'mergeMapBounded', way: 'bounded', as: 'receiver' },
  { title: 'mergeMapBounded, 16', way: 'boundedConcurrent', as: 'receiver' },
  { title: 'mergeMapBounded, 16, by 32 keys', way: 'boundedByKey', as: 'receiver' },
  { title: 'mergeMapBounded, 16, a key each', way: 'boundedByOwnKey', as: 'receiver' },
];

const SYNC: readonly Entry[] = [
  { title: 'mergeMap to of()', way: 'mergeMapOfStream', as: 'reference' },
  { title: 'mergeMap to of() again', way: 'mergeMapOfStream', as: 'control' },
  { title: 'mergeMap to arrays', way: 'mergeMapOfArray', as: 'reference' },
  { title: 'mergeMapBounded to of()', way: 'boundedOfStream', as: 'receiver' },
  { title: 'mergeMapBounded to arrays', way: 'boundedOfArray', as: 'receiver' },
  { title: 'mergeMapBounded to of(), by 32 keys', way: 'boundedOfStreamByKey', as: 'receiver' },
];

/** Measures what an operator adds to the cost of a handler: an asynchronous one, and one that is done at once. */
export async function handlerCost(options: Options, snapshots: readonly string[]): Promise<readonly Table[]> {
  return [
    await measure('asynchronous handlers', ASYNC, options, snapshots),
    await measure('synchronous handlers', SYNC, options, snapshots),
  ];
}

async function measure(
  where: string,
  entries: readonly Entry[],
  { rounds, only, profile, messages, warmUp: warmUpMessages }: Options,
  snapshots: readonly string[],
): Promise<Table> {
  const field = enter(entries, snapshots, only);
  const warmUp = Math.ceil(warmUpMessages / WINDOW);
  const results = await inRounds<Cost>({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'handle-values',
      task: { way: contestant.way, window: WINDOW, burst: BURST },
      profile,
    }),
    turns: warmUp + Math.ceil(messages / WINDOW),
    warmUp,
    turn: async (process) => (await process.ask('cost')).cost,
  });
  const of = (costs: readonly Cost[]) =>
    (costs.reduce((sum, { cpu }) => sum + cpu, 0) * 1_000) / costs.length / WINDOW;
  return tableOf({ what: 'CPU a value', where, unit: 'µs', of, digits: 3 }, field, results);
}
