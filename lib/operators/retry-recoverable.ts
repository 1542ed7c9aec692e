import { of, retry, throwError, type MonoTypeOperatorFunction } from 'rxjs';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';

/** Options of {@link retryRecoverable}. */
export interface RetryRecoverableOptions {
  /** Callback for each error after which the stream continues. */
  readonly onError?: ((error: Error) => void) | undefined;
}

const OPTIONS = optionNames<RetryRecoverableOptions>({ onError: true });

/**
 * Codes of the errors that concern one place of the stream. Two copies of this package have different classes, but the same
 * codes.
 */
const RECOVERABLE: readonly unknown[] = ['ERR_BUFFER_OVERFLOW', 'ERR_DECODE', 'ERR_GAP', 'ERR_SUBSCRIBE'];

/**
 * Continues after the errors that concern one place in the stream of a Receiver or a Channel, and passes on all others.
 *
 * ```text
 * source             --a--b--#           (DecodeError)
 * subscribed again           --c--d--#   (ConnectionLostError)
 * retryRecoverable() --a--b----c--d--#
 * ```
 *
 * `retryRecoverable` subscribes again after a {@link DecodeError}, {@link BufferOverflowError}, {@link GapError} or
 * {@link SubscribeError}: only the messages that the error stands for are lost. The pause before another request for a name
 * that Redis refuses grows to two seconds. A {@link ConnectionLostError} is final, and an error of the user's own operators
 * may be a bug: the operator passes on both, where RxJS's `retry()` would try again.
 *
 * ```ts
 * import { Receiver, json, retryRecoverable } from 'rx-redis-receiver';
 *
 * const receiver = await Receiver.open(process.env.REDIS_URL, { codec: json<{ id: number }>() });
 * receiver.channel('orders');
 * receiver
 *   .pipe(retryRecoverable({ onError: (error) => console.warn(error.message) }))
 *   .subscribe({ next: ({ data }) => console.log(data.id), error: (error) => console.error('The end:', error) });
 * ```
 *
 * @throws {TypeError} if `onError` is not a function, or for an unknown option
 */
export function retryRecoverable<T>(options: RetryRecoverableOptions = {}): MonoTypeOperatorFunction<T> {
  assertKnownOptions('the options of retryRecoverable', options, OPTIONS);
  const { onError } = options;
  if (onError !== undefined && typeof onError !== 'function')
    throw invalidArgument("the option 'onError'", 'a function', onError);
  return retry({
    delay(error: unknown) {
      if (!RECOVERABLE.includes((error as { readonly code?: unknown } | null | undefined)?.code))
        return throwError(() => error);
      onError?.(error as Error);
      return of(true);
    },
  });
}
