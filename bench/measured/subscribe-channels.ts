import { openClient } from './client.js';
import { readTask, tell } from './conversation.js';
import { CHANNEL_PREFIX, type SubscribeTask } from './protocol.js';
import { channelNames } from './sequence.js';
import { Stopwatch } from './stopwatch.js';
import { WAYS_TO_SUBSCRIBE, type WayToSubscribe } from './ways-to-subscribe.js';

// Subscribes many channels in one way, and tells how long it took until Redis had acknowledged all of them.

const { url, way, subscriptions } = readTask() as SubscribeTask;
const names = channelNames(subscriptions);
const client = await openClient(url);
const subscribe = (WAYS_TO_SUBSCRIBE[way] as WayToSubscribe)(client, names);
tell({ is: 'ready' });

const stopwatch = new Stopwatch();
await subscribe();
const cost = stopwatch.read();

const subscribed = await client.pubSubChannels(`${CHANNEL_PREFIX}*`);
if (subscribed.length !== subscriptions) throw new Error('Redis does not have every channel.');
tell({ is: 'done', cost });
