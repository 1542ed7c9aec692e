import { readTask, sendReport } from './conversation.js';
import { ChannelSequences, channelNames } from './sequence.js';
import type { MessageTask } from './protocol.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_SERVE, type WayToServe } from './ways-to-serve.js';

// Handles events in one way, and reports the cost of each window of them.

const { url, way, prefix, channels, window } = readTask() as MessageTask;
const names = channelNames(prefix, channels);
const sequences = new ChannelSequences(names);

await (WAYS_TO_SERVE[way] as WayToServe)(url, prefix, names, (channel, data) => {
  if (sequences.take(channel, data) % window === 0) sendReport({ is: 'cost', cost: stopwatch.lap() });
});
const stopwatch = new Stopwatch();
sendReport({ is: 'ready' });
