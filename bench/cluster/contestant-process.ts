import { CONTESTANTS } from './contestants.js';
import type { Cost, Task } from './protocol.js';

const task = JSON.parse(process.argv[2] as string) as Task;
const contestant = await CONTESTANTS[task.contestant]!(task.rootNodes);
const names = Array.from({ length: task.channels }, (_, index) => `room:${index}`);

let received = 0;
let expected = Infinity;
let clock = startClock();

clock = startClock();
await contestant.subscribe(names, () => {
  if (received++ === 0) clock = startClock();
  if (received === expected) report();
});
report();
process.on('message', (count: number) => {
  received = 0;
  expected = count;
});
process.on('disconnect', () => process.exit());

function startClock(): { readonly wall: number; readonly cpu: NodeJS.CpuUsage } {
  return { wall: performance.now(), cpu: process.cpuUsage() };
}

function report(): void {
  const { user, system } = process.cpuUsage(clock.cpu);
  process.send!({ wall: performance.now() - clock.wall, cpu: (user + system) / 1_000 } satisfies Cost);
}
