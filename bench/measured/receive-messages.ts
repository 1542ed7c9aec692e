import { readTask, sendReport } from './conversation.js';
import type { MessageTask } from './protocol.js';
import { channelNames, Sequence } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_LISTEN } from './ways-to-listen.js';

// Receives messages in one way, and reports the cost of each window of them.

const task = readTask() as MessageTask;
const names = channelNames(task.prefix, task.channels);
const sequence = new Sequence(names);
const { window } = task;

const listen = await WAYS_TO_LISTEN[task.way]!();
await listen(task, names, (channel, data) => {
  const place = sequence.take(channel, data) % window;
  if (place === 1) stopwatch.start();
  else if (place === 0) sendReport({ is: 'window', cost: stopwatch.window(window) });
});
const stopwatch = new Stopwatch();
sendReport({ is: 'ready' });
