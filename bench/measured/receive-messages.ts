import { openClient } from './client.js';
import { readTask, tell } from './conversation.js';
import type { MessageTask } from './protocol.js';
import { channelNames, Sequence } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_LISTEN, type WayToListen } from './ways-to-listen.js';

// Receives messages in one way, and tells what the CPU spent on those after the warm-up.

const { url, way, channels, warmUp, messages, window } = readTask() as MessageTask;
const names = channelNames(channels);
const sequence = new Sequence(names);
let stopwatch = new Stopwatch();

await (WAYS_TO_LISTEN[way] as WayToListen)(await openClient(url), names, onMessage);
tell({ is: 'ready' });

function onMessage(channel: string, data: string): void {
  const received = sequence.take(channel, data);
  if (received === warmUp) stopwatch = new Stopwatch();
  if (received === warmUp + messages) tell({ is: 'done', cost: stopwatch.read() });
  else if (received % window === 0) tell({ is: 'window' });
}
