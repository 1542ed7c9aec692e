import type { Cost, WindowCost } from './protocol.js';

/** Stopwatch for the time on the clock and of the CPU: user and system, all threads of this process. */
export class Stopwatch {
  #cpu = process.cpuUsage();
  #wall = performance.now();
  #first = this.#wall;

  /** Returns the time since the last lap, or since the stopwatch was made. */
  lap(): Cost {
    const { user, system } = process.cpuUsage(this.#cpu);
    const wall = performance.now() - this.#wall;
    this.#cpu = process.cpuUsage();
    this.#wall = performance.now();
    return { cpu: (user + system) / 1_000, wall };
  }

  /** Notes the arrival of the first message of a window. */
  start(): void {
    this.#first = performance.now();
  }

  /** Returns the cost of a window of so many messages, on arrival of the last one. */
  window(messages: number): WindowCost {
    const rate = ((messages - 1) * 1_000) / (performance.now() - this.#first);
    return { ...this.lap(), rate, resident: process.memoryUsage.rss() };
  }
}
