// A publisher: the compiler checks the parameters and the data of each topic, and the schemas check them again.

import { publishTo, type Publisher } from 'rx-redis-receiver';
import { from } from 'rxjs';
import { events } from './events.js';

/** Publishes the events of a day. */
export async function publishDay(client: Publisher): Promise<void> {
  const publisher = events.publisher(client);
  await publisher.publish('presence:{user}', { user: 'ada' }, { online: true });
  await publisher.publish('presence:{user}', { user: 'bob' }, { online: true });

  const order = { customer: 'ada', total: 12.5 };
  await publisher.publish('order:{id}:{event}', { id: 7, event: 'placed' }, order);
  await publisher.publish('order:{id}:{event}', { id: 7, event: 'paid' }, order);

  // A colon in a parameter is escaped: the channel is room:tea%3Agreen.
  const lines = from([
    { from: 'ada', text: 'Which one is the best?' },
    { from: 'bob', text: 'Sencha.' },
  ]);
  await lines.pipe(publishTo(client, events.channel('room:{room}', { room: 'tea:green' }))).forEach(() => {});

  await publisher.publish('presence:{user}', { user: 'bob' }, { online: false });
}
