import type { Contestant } from './contestant.js';
import type { Cost } from './measured/protocol.js';
import { MeasuredProcess, type Run } from './measured-process.js';
import { shuffled } from './statistics.js';

/** What each contestant has cost, round by round. */
export type Results = ReadonlyMap<Contestant, readonly Cost[]>;

export interface Plan {
  readonly rounds: number;
  readonly contestants: readonly Contestant[];
  readonly run: (contestant: Contestant) => Run;
  /** Turns of each contestant in a round, the first `warmUp` of which do not count. */
  readonly turns: number;
  readonly warmUp: number;
  readonly turn: (process: MeasuredProcess, turn: number) => Promise<Cost>;
}

/**
 * A round has a fresh process of each contestant. They take turns, each time in another order and one at a time, so that
 * what slows the machine down for a while slows all of them.
 */
export async function inRounds(plan: Plan): Promise<Results> {
  const results = new Map<Contestant, Cost[]>(plan.contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= plan.rounds; round++) {
    console.error(`round ${round} of ${plan.rounds}`);
    for (const [contestant, cost] of await oneRound(plan)) results.get(contestant)?.push(cost);
  }
  return results;
}

async function oneRound({ contestants, run, turns, warmUp, turn }: Plan): Promise<Map<Contestant, Cost>> {
  const costs = new Map<Contestant, Cost>();
  const processes: MeasuredProcess[] = [];
  try {
    for (const contestant of shuffled(contestants)) {
      processes.push(await MeasuredProcess.start(run(contestant)));
    }
    for (let number = 0; number < turns; number++) {
      for (const process of shuffled(processes)) {
        const cost = await turn(process, number);
        if (number >= warmUp) costs.set(process.contestant, sum(costs.get(process.contestant), cost));
      }
    }
  } finally {
    await Promise.all(processes.map((process) => process.end()));
  }
  return costs;
}

function sum(a: Cost | undefined, b: Cost): Cost {
  return a ? { cpu: a.cpu + b.cpu, wall: a.wall + b.wall } : b;
}
