import { map, type Observable } from 'rxjs';
import type { Message } from '../../lib/index.js';

/** The data of each message, so that a diagram can show it. */
export function dataOf<T>(source: Observable<Message<T>>): Observable<T> {
  return source.pipe(map(({ data }) => data));
}
