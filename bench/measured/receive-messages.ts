import { openClient } from './client.js';
import { readTask, tell } from './conversation.js';
import type { MessageTask } from './protocol.js';
import { channelNames, Sequence } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_LISTEN, type WayToListen } from './ways-to-listen.js';

// Receives messages in one way, and tells what each window of them has cost.

const { url, way, prefix, channels, window } = readTask() as MessageTask;
const names = channelNames(prefix, channels);
const sequence = new Sequence(names);

await (WAYS_TO_LISTEN[way] as WayToListen)(await openClient(url), names, (channel, data) => {
  if (sequence.take(channel, data) % window === 0) tell({ is: 'cost', cost: stopwatch.lap() });
});
const stopwatch = new Stopwatch();
tell({ is: 'ready' });
