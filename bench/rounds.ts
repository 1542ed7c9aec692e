import type { Contestant } from './contestant.js';
import { MeasuredProcess, type Run } from './measured-process.js';
import { shuffled } from './statistics.js';

/** Reports of the turns of each contestant, round by round. */
export type Results<R> = ReadonlyMap<Contestant, readonly (readonly R[])[]>;

export interface Plan<R> {
  readonly rounds: number;
  readonly contestants: readonly Contestant[];
  readonly run: (contestant: Contestant) => Run;
  /** Turns of each contestant in a round, the first `warmUp` of which do not count. */
  readonly turns: number;
  readonly warmUp: number;
  /** Function that runs a turn; `turn` is the number of turns that this contestant has had in this round. */
  readonly turn: (process: MeasuredProcess, turn: number) => Promise<R>;
}

/**
 * Runs the rounds. Each round has a fresh process for each contestant. The processes take turns, each time in another order
 * and one at a time, so that a slow phase of the machine slows all of them.
 */
export async function inRounds<R>(plan: Plan<R>): Promise<Results<R>> {
  const results = new Map(plan.contestants.map((contestant) => [contestant, [] as (readonly R[])[]]));
  for (let round = 1; round <= plan.rounds; round++) {
    console.error(`round ${round} of ${plan.rounds}`);
    for (const [contestant, report] of await oneRound(plan)) results.get(contestant)?.push(report);
  }
  return results;
}

async function oneRound<R>({
  contestants,
  run,
  turns,
  warmUp,
  turn,
}: Plan<R>): Promise<Map<Contestant, R[]>> {
  const results = new Map(contestants.map((contestant) => [contestant, [] as R[]]));
  const processes: MeasuredProcess[] = [];
  try {
    for (const contestant of shuffled(contestants)) {
      processes.push(await MeasuredProcess.start(run(contestant)));
    }
    for (let number = 0; number < turns; number++) {
      for (const process of shuffled(processes)) {
        const { contestant } = process;
        if (number % contestant.every !== 0) continue;
        const report = await turn(process, number / contestant.every);
        if (number >= warmUp) results.get(contestant)?.push(report);
      }
    }
  } finally {
    await Promise.all(processes.map((process) => process.end()));
  }
  return results;
}
