import { enter, type Entry } from './contestant.js';
import type { Options } from './options.js';
import { inRounds } from './rounds.js';
import { print } from './table.js';

const ENTRIES: readonly Entry[] = [
  { title: 'calls', way: 'calls', as: 'reference' },
  { title: 'calls again', way: 'calls', as: 'control' },
  { title: 'one variadic call', way: 'variadic', as: 'reference' },
  { title: 'Receiver, connect()', way: 'connect', as: 'receiver' },
  { title: 'Receiver, channel() and connect()', way: 'registerAndConnect', as: 'receiver' },
  { title: 'Receiver, each Channel observed', way: 'observe', as: 'receiver' },
  { title: 'Receiver, channel() and each observed', way: 'registerAndObserve', as: 'receiver' },
];

/** How long it takes to subscribe many channels. */
export async function subscribeCost(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<void> {
  const { rounds, subscriptions, only, profile } = options;
  const field = enter(ENTRIES, snapshots, only);
  const results = await inRounds({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'subscribe-channels',
      task: { url, way: contestant.way, prefix: contestant.prefix, channels: subscriptions },
      profile,
    }),
    turns: 1,
    warmUp: 0,
    turn: (process) => process.cost(),
  });
  const what = `to subscribe ${subscriptions} channels`;
  print({ title: `Wall ms ${what}`, of: ({ wall }) => wall, digits: 1 }, field, results);
  print({ title: `CPU ms ${what}`, of: ({ cpu }) => cpu, digits: 1 }, field, results);
}
