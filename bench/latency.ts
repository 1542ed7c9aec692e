import { enter, type Entry } from './contestant.js';
import type { Latency } from './measured/protocol.js';
import { ENTRIES } from './message-cost.js';
import type { Options } from './options.js';
import { Publisher } from './publisher.js';
import { inRounds } from './rounds.js';
import { spread } from './statistics.js';
import { tableOf, type Table } from './table.js';

const RATE = 20_000;
/** Messages of one second. */
const WINDOW = RATE;
const TURNS = 4;
const WARM_UP = 1;
const LEFT_OUT = ['bareResp2', 'bareBytes'];

/** Measures the latency of messages at a steady rate that all contestants can sustain. */
export async function latency(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<readonly Table[]> {
  const { rounds, channels, payload, only, profile } = options;
  const entries = ENTRIES.filter(({ way }) => !LEFT_OUT.includes(way)).map((entry): Entry => ({
    ...entry,
    every: 1,
  }));
  const field = enter(entries, snapshots, only);
  await using publisher = await Publisher.connect(url);

  const results = await inRounds<Latency>({
    rounds,
    contestants: field.contestants,
    run: (contestant) => ({
      contestant,
      script: 'time-messages',
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
    turns: TURNS,
    warmUp: WARM_UP,
    turn: async (process, turn) => {
      const { prefix, packet } = process.contestant;
      const messages = { prefix, channels, payload, packet, first: turn * WINDOW, count: WINDOW };
      return (await process.ask('latency', () => publisher.publishSteadily(messages, RATE))).latency;
    },
  });
  const where = `${RATE.toLocaleString('en')} messages a second, ${payload} bytes, ${channels} channels`;
  return (['p50', 'p99', 'p999'] as const).map((percentile) =>
    tableOf(
      {
        what: `Latency ${percentile === 'p999' ? 'p99.9' : percentile}`,
        where,
        unit: 'µs',
        of: (turns) => spread(turns.map((turn) => turn[percentile])).median / 1_000,
        digits: 0,
      },
      field,
      results,
    ),
  );
}
