import { enter, type Entry } from '../contestant.js';
import type { Options } from '../options.js';
import { Publisher } from '../publisher.js';
import { inRounds } from '../rounds.js';
import { print } from '../table.js';

const WINDOW = 10_000;

const ENTRIES: readonly Entry[] = [
  { title: "Nest's own transport", way: 'own', as: 'reference' },
  { title: "Nest's own again", way: 'own', as: 'control' },
  { title: 'a client, no Nest', way: 'bare', as: 'reference' },
  { title: 'ReceiverStrategy', way: 'strategy', as: 'receiver' },
  { title: 'ReceiverStrategy, a pattern', way: 'strategyPattern', as: 'receiver' },
];

/** What it costs the CPU of a service of Nest's to handle an event. */
export async function eventCost(options: Options, url: string, snapshot: string): Promise<void> {
  const { rounds, channels, payload, only, profile } = options;
  const field = enter(ENTRIES, [snapshot], only);
  const warmUp = Math.ceil(options.warmUp / WINDOW);
  const turns = warmUp + Math.ceil(options.messages / WINDOW);
  const messages = (turns - warmUp) * WINDOW;
  await using publisher = await Publisher.connect(url);

  const results = await inRounds({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'handle-events',
      task: { url, way: contestant.way, prefix: contestant.prefix, channels, window: WINDOW },
      profile,
    }),
    turns,
    warmUp,
    turn: (process, turn) =>
      process.cost(() => {
        const { prefix } = process.contestant;
        const packet = [`{"pattern":"${prefix}","data":"`, '"}'] as const;
        return publisher.publish({ prefix, channels, payload, packet, first: turn * WINDOW, count: WINDOW });
      }),
  });
  const what = `${messages} events of ${payload} bytes on ${channels} channels`;
  print(
    { title: `CPU µs an event; ${what}`, of: ({ cpu }) => (cpu * 1_000) / messages, digits: 3 },
    field,
    results,
  );
}
