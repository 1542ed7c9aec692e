import type { Cost } from './protocol.js';

/** Time on the clock and of the CPU: user and system, all threads of this process. */
export class Stopwatch {
  #cpu = process.cpuUsage();
  #wall = performance.now();

  /** What went by since the last lap, or since it was made. */
  lap(): Cost {
    const { user, system } = process.cpuUsage(this.#cpu);
    const wall = performance.now() - this.#wall;
    this.#cpu = process.cpuUsage();
    this.#wall = performance.now();
    return { cpu: (user + system) / 1_000, wall };
  }
}
