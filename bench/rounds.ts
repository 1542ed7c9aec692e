import type { Contestant } from './contestant.js';
import type { Cost } from './measured/protocol.js';
import { shuffled } from './statistics.js';

export type Results = ReadonlyMap<Contestant, readonly Cost[]>;

/** Runs all contestants once a round, one at a time, each round in an order of its own. */
export async function inRounds(
  rounds: number,
  contestants: readonly Contestant[],
  run: (contestant: Contestant) => Promise<Cost>,
): Promise<Results> {
  const results = new Map<Contestant, Cost[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}`);
    for (const contestant of shuffled(contestants)) results.get(contestant)?.push(await run(contestant));
  }
  return results;
}
