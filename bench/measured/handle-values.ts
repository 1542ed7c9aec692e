import { Subject } from 'rxjs';
import { readTask, sendReport, startSignal } from './conversation.js';
import type { HandlerTask } from './protocol.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_HANDLE } from './ways-to-handle.js';

// Handles values in one way, and reports the cost of each window of them. A burst of values is handled before the next one.

const { way, window, burst } = readTask() as HandlerTask;
const source = new Subject<number>();
let sent = 0;
let handled = 0;
let sum = 0;
let onBurst: () => void;

source.pipe(WAYS_TO_HANDLE[way]!()).subscribe((value) => {
  handled++;
  sum += value;
  if (handled % burst === 0) onBurst();
});
sendReport({ is: 'ready' });

for (;;) {
  await startSignal();
  const stopwatch = new Stopwatch();
  for (let last = sent + window; sent < last;) await handleBurst();
  sendReport({ is: 'cost', cost: stopwatch.lap() });
}

async function handleBurst(): Promise<void> {
  const expected = ((2 * sent + burst - 1) * burst) / 2;
  sum = 0;
  const handledAll = new Promise<void>((resolve) => (onBurst = resolve));
  for (let last = sent + burst; sent < last;) source.next(sent++);
  await handledAll;
  if (handled !== sent || sum !== expected) {
    console.error(`expected ${sent} values, and a sum of ${expected}; got ${handled} and ${sum}`);
    process.exit(1);
  }
}
