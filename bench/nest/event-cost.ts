import { enter, type Entry } from '../contestant.js';
import type { Options } from '../options.js';
import { Publisher } from '../publisher.js';
import type { Cost } from '../measured/protocol.js';
import { inRounds } from '../rounds.js';
import { print, tableOf } from '../table.js';

const WINDOW = 10_000;

const asEvent = (prefix: string) => [`{"pattern":"${prefix}","data":"`, '"}'] as const;

const ENTRIES: readonly Entry[] = [
  { title: "Nest's own transport", way: 'own', as: 'reference', packet: asEvent },
  { title: "Nest's own again", way: 'own', as: 'control', packet: asEvent },
  { title: 'a client, no Nest', way: 'bare', as: 'reference', packet: asEvent },
  { title: 'ReceiverStrategy', way: 'strategy', as: 'receiver', packet: asEvent },
  { title: 'ReceiverStrategy, a pattern', way: 'strategyPattern', as: 'receiver', packet: asEvent },
];

/** Measures the CPU time that a Nest service takes to handle an event. */
export async function eventCost(options: Options, url: string, snapshot: string): Promise<void> {
  const { rounds, channels, payload, only, profile } = options;
  const field = enter(ENTRIES, [snapshot], only);
  const warmUp = Math.ceil(options.warmUp / WINDOW);
  const turns = warmUp + Math.ceil(options.messages / WINDOW);
  await using publisher = await Publisher.connect(url);

  const results = await inRounds<Cost>({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'handle-events',
      task: {
        url,
        way: contestant.way,
        prefix: contestant.prefix,
        channels,
        byPattern: false,
        window: WINDOW,
      },
      profile,
    }),
    turns,
    warmUp,
    turn: async (process, turn) => {
      const { prefix, packet } = process.contestant;
      const messages = { prefix, channels, payload, packet, first: turn * WINDOW, count: WINDOW };
      return (await process.ask('cost', () => publisher.publish(messages))).cost;
    },
  });
  const figure = {
    what: 'CPU an event',
    where: `${payload} bytes, ${channels} channels`,
    unit: 'µs',
    of: (costs: readonly Cost[]) =>
      (costs.reduce((sum, { cpu }) => sum + cpu, 0) * 1_000) / costs.length / WINDOW,
    digits: 3,
  };
  print(tableOf(figure, field, results));
}
