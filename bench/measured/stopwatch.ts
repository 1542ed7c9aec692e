import type { Cost, WindowCost } from './protocol.js';

/** Time on the clock and of the CPU: user and system, all threads of this process. */
export class Stopwatch {
  #cpu = process.cpuUsage();
  #wall = performance.now();
  #first = this.#wall;

  /** What went by since the last lap, or since it was made. */
  lap(): Cost {
    const { user, system } = process.cpuUsage(this.#cpu);
    const wall = performance.now() - this.#wall;
    this.#cpu = process.cpuUsage();
    this.#wall = performance.now();
    return { cpu: (user + system) / 1_000, wall };
  }

  /** The first message of a window is there. */
  start(): void {
    this.#first = performance.now();
  }

  /** The last of so many messages is there. */
  window(messages: number): WindowCost {
    const rate = ((messages - 1) * 1_000) / (performance.now() - this.#first);
    return { ...this.lap(), rate, resident: process.memoryUsage.rss() };
  }
}
