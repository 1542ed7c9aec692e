import { filter, map, type Observable } from 'rxjs';
import type { Message } from 'rx-redis-receiver';

/** The code under test: the sensors that report more than 90 degrees. */
export function hotSensors(messages: Observable<Message>): Observable<string> {
  return messages.pipe(
    filter(({ data }) => Number(data) > 90),
    map(({ channel, data }) => `${channel} has ${data} degrees`),
  );
}
