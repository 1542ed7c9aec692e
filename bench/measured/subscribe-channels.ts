import { openClient } from './client.js';
import { readTask, tell, word } from './conversation.js';
import type { SubscribeTask } from './protocol.js';
import { channelNames } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_SUBSCRIBE, type WayToSubscribe } from './ways-to-subscribe.js';

// Subscribes many channels in one way, and tells what it cost until Redis had acknowledged all of them.

const { url, way, prefix, channels } = readTask() as SubscribeTask;
const names = channelNames(prefix, channels);
const client = await openClient(url);
const subscribe = (WAYS_TO_SUBSCRIBE[way] as WayToSubscribe)(client, names);
tell({ is: 'ready' });

await word();
const stopwatch = new Stopwatch();
await subscribe();
const cost = stopwatch.lap();

const subscribed = await client.pubSubChannels(`${prefix}*`);
if (subscribed.length !== channels) throw new Error('Redis does not have every channel.');
tell({ is: 'cost', cost });
