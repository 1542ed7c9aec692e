import type { Observable } from 'rxjs';
import type { Message } from '../channel.js';
import { iterate } from '../operators/iterate.js';
import { eventOf, gapEvent } from './event-text.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';
import { lossOf } from './loss-of.js';

/** Yields the events of the messages of a source, and a `gap` event where messages are missing. */
export async function* observedEvents<T>(
  source: Observable<Message<T>>,
  options: ResolvedEventStreamOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  let dropped = 0;
  const onDrop = () => {
    dropped++;
  };
  const isCancelled = () => signal.aborted;
  while (!isCancelled()) {
    const messages = iterate(source, { ...options.bounds, onDrop, signal });
    try {
      for (;;) {
        // Nothing is dropped while a message is awaited: what was dropped stood before the next message.
        for (; dropped > 0; dropped = 0) yield gapEvent(dropped);
        const next = await messages.next();
        if (next.done === true) return;
        yield eventOf(next.value, options);
      }
    } catch (error) {
      if (isCancelled()) return;
      const loss = lossOf(error);
      if (!loss) throw error;
      dropped = 0;
      yield gapEvent(loss.dropped);
    } finally {
      await messages.return?.();
    }
  }
}
