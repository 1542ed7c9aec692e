import { createHistogram } from 'node:perf_hooks';
import { readTask, sendReport } from './conversation.js';
import type { MessageTask } from './protocol.js';
import { channelNames, NUMBER_DIGITS, Sequence, TIME_DIGITS } from './sequence.js';
import { WAYS_TO_LISTEN } from './ways-to-listen.js';

// Receives messages in one way, each with the time at which it was sent, and reports the latencies of each window.

const task = readTask() as MessageTask;
const names = channelNames(task.prefix, task.channels);
const sequence = new Sequence(names);
const histogram = createHistogram();

const listen = await WAYS_TO_LISTEN[task.way]!();
await listen(task, names, (channel, data) => {
  // All processes of a machine share this clock.
  const sent = BigInt(data.slice(NUMBER_DIGITS, NUMBER_DIGITS + TIME_DIGITS).toString());
  histogram.record(process.hrtime.bigint() - sent);
  if (sequence.take(channel, data) % task.window !== 0) return;
  const [p50, p99, p999] = [50, 99, 99.9].map((percent) => histogram.percentile(percent)) as [
    number,
    number,
    number,
  ];
  histogram.reset();
  sendReport({ is: 'latency', latency: { p50, p99, p999 } });
});
sendReport({ is: 'ready' });
