import { setTimeout as delay } from 'node:timers/promises';
import { readTask, sendReport, startSignal } from './conversation.js';
import type { SubscribeTask } from './protocol.js';
import { channelNames } from './sequence.js';
import { WAYS_TO_SUBSCRIBE } from './ways-to-subscribe.js';

// Subscribes many channels in one way, reports how much of the heap they hold, and keeps them.

const { url, way, prefix, channels } = readTask() as SubscribeTask;
const names = channelNames(prefix, channels);
const { subscribe } = await WAYS_TO_SUBSCRIBE[way]!(url, names, prefix);
sendReport({ is: 'ready' });

await startSignal();
const before = await settledHeap();
await subscribe();
sendReport({ is: 'heap', bytes: (await settledHeap()) - before });

/** Returns the size of the heap once the timers of the first moments are over, and their memory is collected. */
async function settledHeap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc!();
    await delay(100);
  }
  return process.memoryUsage().heapUsed;
}
