// A service: each branch has the parameters and the data of its topic.

import { retryRecoverable, type MessageOf, type ReceiverOf } from 'rx-redis-receiver';
import { filter, map, scan, type Observable } from 'rxjs';
import type { events } from './events.js';

/** The log of everything that happens. */
export function log(receiver: ReceiverOf<typeof events>): Observable<string> {
  return receiver.pipe(retryRecoverable(), map(lineOf));
}

/** The sum of the paid orders. */
export function revenue(receiver: ReceiverOf<typeof events>): Observable<number> {
  return receiver.topic('order:{id}:{event}').pipe(
    retryRecoverable(),
    filter(({ params }) => params.event === 'paid'),
    scan((sum, { data }) => sum + data.total, 0),
  );
}

/** The users who are online. */
export function online(receiver: ReceiverOf<typeof events>): Observable<readonly string[]> {
  return receiver.topic('presence:{user}').pipe(
    retryRecoverable(),
    scan((users, { params: { user }, data }) => {
      const others = users.filter((other) => other !== user);
      return data.online ? [...others, user] : others;
    }, Array<string>()),
  );
}

function lineOf(message: MessageOf<typeof events>): string {
  switch (message.topic) {
    case 'order:{id}:{event}': {
      const { id, event } = message.params;
      return `order ${id} of ${message.data.customer} over ${message.data.total.toFixed(2)} is ${event}`;
    }
    case 'room:{room}':
      return `${message.params.room} | ${message.data.from}: ${message.data.text}`;
    case 'presence:{user}':
      return `${message.params.user} is ${message.data.online ? 'online' : 'offline'}`;
  }
}
