import { openClient } from './client.js';
import { readTask, sendReport, startSignal } from './conversation.js';
import type { SubscribeTask } from './protocol.js';
import { channelNames } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_SUBSCRIBE } from './ways-to-subscribe.js';

// Subscribes many channels in one way, then releases them, and reports the cost of each step until Redis has acknowledged
// all channels.

const { url, way, prefix, channels } = readTask() as SubscribeTask;
const names = channelNames(prefix, channels);
const { subscribe, release } = await WAYS_TO_SUBSCRIBE[way]!(url, names, prefix);
const admin = await openClient(url);
sendReport({ is: 'ready' });

await startSignal();
await measure(subscribe, channels);
await startSignal();
await measure(release, 0);

async function measure(work: () => Promise<unknown>, expected: number): Promise<void> {
  const stopwatch = new Stopwatch();
  await work();
  const cost = stopwatch.lap();
  const subscribed = await admin.pubSubChannels(`${prefix}*`);
  if (subscribed.length !== expected) {
    throw new Error(`Redis has ${subscribed.length} of the channels, not ${expected}.`);
  }
  sendReport({ is: 'cost', cost });
}
