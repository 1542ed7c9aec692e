import { setTimeout as delay } from 'node:timers/promises';
import { CONSUMERS } from './consumers.js';
import type { Counts, Sample, Task } from './protocol.js';

const task = JSON.parse(process.argv[2] as string) as Task;
const counts: Counts = { received: 0, handled: 0, dropped: 0, cuts: 0 };

/** Time at which the current message is done: `handle` takes its time asynchronously, `speed` times a second on average. */
let due = performance.now();
async function handle(): Promise<void> {
  const now = performance.now();
  due = Math.max(due, now - 1) + 1_000 / task.speed;
  if (due - now >= 1) await delay(due - now);
  counts.handled++;
}

process.on('message', () => {
  counts.onSample?.();
  const { received, handled, dropped, cuts } = counts;
  process.send?.({ received, handled, dropped, cuts, memory: process.memoryUsage.rss() } satisfies Sample);
});
process.on('disconnect', () => process.exit());

await CONSUMERS[task.consumer]?.(task.url, task.channel, handle, counts);
process.send?.('ready');
