import type { Cost } from './protocol.js';

/** The time since it was made: on the clock, and of the CPU, user and system, all threads of this process. */
export class Stopwatch {
  readonly #cpu = process.cpuUsage();
  readonly #wall = performance.now();

  read(): Cost {
    const { user, system } = process.cpuUsage(this.#cpu);
    return { cpu: (user + system) / 1_000, wall: performance.now() - this.#wall };
  }
}
