// One Receiver over three channels, a pattern and keyspace notifications. Run it: npm run demo

import { createClient } from 'redis';
import { bufferCount, firstValueFrom, map } from 'rxjs';
import { Receiver } from 'rx-redis-receiver';
import { demoRedis } from './support/demo-redis.js';
import { Stage } from './support/stage.js';

const stage = new Stage(process.stdout);
stage.title('rx-redis-receiver', 'Redis Pub/Sub as RxJS streams. The code of this: examples/demo.ts');
await using redis = await demoRedis((text) => stage.note(text));
stage.note(redis.description);

// One connection publishes, subscribes, and works with keys. A Receiver borrows it and leaves it open.
const client = createClient({ url: redis.url });
client.on('error', console.error);
await client.connect();

// On one connection, what was published before a PING comes before its answer.
const arrival = () => client.ping();

stage.step('Open a Receiver', 'await receiver.connect();');
stage.legend();
const receiver = new Receiver(client);
const news = receiver.channel('news');
receiver.channel('alerts');
receiver.channel('chat:lobby');
receiver.pattern('chat:*');
const keys = receiver.pattern('__keyspace@*__:demo:*');
receiver.events.subscribe((event) => stage.event(event));
await receiver.connect();

stage.step('All sources, one stream, in the order of arrival', 'receiver.subscribe(...);');
stage.columns();
const observer = receiver.subscribe((message) => stage.message(message));
await client.publish('news', 'Water found on Mars');
await client.publish('alerts', 'Disk 91 % full');
await client.publish('chat:lobby', 'Hi! The pattern hears me');
await client.publish('chat:kitchen', 'Coffee is ready');
await arrival();

stage.step('Redis tells what happens to its keys', 'keys.pipe(map(({ data }) => data), bufferCount(5));');
const changes = firstValueFrom(
  keys.pipe(
    map(({ data }) => data),
    bufferCount(5),
  ),
);
await client.configSet('notify-keyspace-events', 'KEA');
await client.set('demo:user', 'Ada');
await client.incr('demo:hits');
await client.expire('demo:user', 60);
await client.del(['demo:user', 'demo:hits']);
stage.result(`Five changes as one list: ${(await changes).join(', ')}`);

stage.step('A channel joins, another one leaves', "receiver.channel('sports'); await news.close();");
await receiver.channel('sports').whenSubscribed();
await client.publish('sports', '3 : 2 after extra time');
await news.close();
const listeners = await client.publish('news', 'Is anybody there?');
stage.result(`Published on 'news': received by ${listeners}`);

stage.step('Nobody observes: messages wait in a bounded queue', 'observer.unsubscribe();');
observer.unsubscribe();
await client.publish('chat:kitchen', 'Who took my cup?');
await client.publish('alerts', 'Disk 97 % full');
await arrival();
stage.result(`${receiver.stats.buffered} messages wait, ${receiver.stats.bufferedBytes} bytes`);

// On one connection the message comes back before Redis acknowledges the end of the subscriptions.
stage.step('Stop while a message is on its way', "client.publish('alerts', ...); receiver.stop();");
const published = client.publish('alerts', 'Disk is full');
await Promise.all([receiver.stop(), published]);

stage.step('What waited can still be taken', 'for await (const message of receiver) ...');
for await (const message of receiver) stage.message(message);

stage.step('The numbers', 'receiver.stats');
stage.stats(receiver.stats);

client.destroy();
