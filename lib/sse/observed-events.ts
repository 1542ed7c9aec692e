import { Observable, of, retry, throwError } from 'rxjs';
import type { Message } from '../channel.js';
import { iterate } from '../operators/iterate.js';
import { eventOf, gapEvent } from './event-text.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';
import { Loss, lossOf } from './loss.js';

/** Yields the events of the messages of a source, and a `gap` event where messages are missing. */
export async function* observedEvents<T>(
  source: Observable<Message<T>>,
  options: ResolvedEventStreamOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  // NaN for a number that is unknown.
  let dropped = 0;
  const onDrop = (item: Message<T> | Loss) => {
    dropped += item instanceof Loss ? (item.dropped ?? NaN) : 1;
  };
  const items = iterate(withLosses(source), { ...options.bounds, onDrop, signal });
  try {
    for (;;) {
      // Nothing is dropped while a message is awaited: what was dropped stood before the next message.
      for (; dropped !== 0; dropped = 0) yield gapEvent(dropped);
      const { done, value } = (await items.next()) as IteratorResult<Message<T> | Loss, undefined>;
      if (done) return;
      yield value instanceof Loss ? gapEvent(value.dropped) : eventOf(value, options);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await items.return?.();
  }
}

/** Puts losses in place of the errors behind which the source goes on, and subscribes again at once: nothing more is lost. */
function withLosses<T>(source: Observable<Message<T>>): Observable<Message<T> | Loss> {
  return new Observable((subscriber) => {
    const delay = (error: unknown) => {
      const loss = lossOf(error);
      if (!loss) return throwError(() => error);
      subscriber.next(loss);
      return of(true);
    };
    return source.pipe(retry({ delay })).subscribe(subscriber);
  });
}
