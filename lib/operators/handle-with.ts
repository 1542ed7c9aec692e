import { from, Observable, type ObservableInput } from 'rxjs';
import type { Handling, Outcome } from '../queue/handling.js';
import { subscribeWithin } from '../queue/subscribe-within.js';

/**
 * Returns an inner stream that ends its part in the handling of a message: the message is handled when the stream completes, has
 * failed with it, and is abandoned when the stream is unsubscribed.
 */
export function handleWith<R>(input: ObservableInput<R>, handling: Handling): Observable<R> {
  const stream = from(input);
  return new Observable((subscriber) => {
    let isOpen = true;
    const end = (outcome: Outcome) => {
      if (!isOpen) return;
      isOpen = false;
      handling.end(outcome);
    };
    const observer = {
      next: (value: R) => subscriber.next(value),
      error: (error: unknown) => {
        end('failed');
        subscriber.error(error);
      },
      complete: () => {
        end('handled');
        subscriber.complete();
      },
    };
    subscribeWithin(subscriber, stream, observer, () => end('abandoned'));
  });
}
