import { map, type Observable } from 'rxjs';
import type { Message } from '../../lib/index.js';

/** Returns the data of each message, as a diagram shows it. */
export function dataOf<T>(source: Observable<Message<T>>): Observable<T> {
  return source.pipe(map(({ data }) => data));
}
