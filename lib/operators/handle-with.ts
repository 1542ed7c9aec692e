import { from, tap, type Observable, type ObservableInput } from 'rxjs';
import type { Handling } from '../queue/handling.js';

/**
 * Returns an inner stream that ends its part in the handling of a message: the message is handled when the stream completes, has
 * failed with it, and is abandoned when the stream is unsubscribed.
 */
export function handleWith<R>(input: ObservableInput<R>, handling: Handling): Observable<R> {
  return from(input).pipe(
    tap({
      complete: () => handling.end('handled'),
      error: () => handling.end('failed'),
      unsubscribe: () => handling.end('abandoned'),
    }),
  );
}
