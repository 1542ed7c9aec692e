import { enter, type Entry } from './contestant.js';
import type { Options } from './options.js';
import { Publisher } from './publisher.js';
import { inRounds } from './rounds.js';
import { print } from './table.js';

const WINDOW = 10_000;

const ENTRIES: readonly Entry[] = [
  { title: 'bare listener', way: 'bare', as: 'reference' },
  { title: 'bare listener again', way: 'bare', as: 'control' },
  { title: 'Receiver, observed', way: 'observe', as: 'receiver' },
  { title: 'Receiver, for await', way: 'iterate', as: 'receiver' },
  { title: 'Receiver, get()', way: 'get', as: 'receiver' },
  { title: 'merge of naive Observables', way: 'merge', as: 'baseline' },
];

/** What it costs the CPU of a subscriber to receive a message. */
export async function messageCost(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<void> {
  const { rounds, channels, payload, only, profile } = options;
  const field = enter(ENTRIES, snapshots, only);
  const warmUp = Math.ceil(options.warmUp / WINDOW);
  const turns = warmUp + Math.ceil(options.messages / WINDOW);
  const messages = (turns - warmUp) * WINDOW;
  await using publisher = await Publisher.connect(url);

  const results = await inRounds({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'receive-messages',
      task: { url, way: contestant.way, prefix: contestant.prefix, channels, window: WINDOW },
      profile,
    }),
    turns,
    warmUp,
    turn: (process, turn) =>
      process.cost(() =>
        publisher.publish({
          prefix: process.contestant.prefix,
          channels,
          payload,
          first: turn * WINDOW,
          count: WINDOW,
        }),
      ),
  });
  const what = `${messages} messages of ${payload} bytes on ${channels} channels`;
  print(
    { title: `CPU µs a message; ${what}`, of: ({ cpu }) => (cpu * 1_000) / messages, digits: 3 },
    field,
    results,
  );
}
