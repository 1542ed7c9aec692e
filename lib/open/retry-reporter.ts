import type { ReceiverEvent } from '../channel.js';
import { show } from '../diagnostics.js';
import { toError } from '../errors/to-error.js';
import { messageOf } from './message-of.js';
import type { ConnectionRetry } from '../receiver-options.js';

/** The parts of a Receiver that the reporter needs. */
export interface RetryEvents {
  readonly events: { readonly observed: boolean };
  emit(event: ReceiverEvent): void;
}

/** The reports of failed attempts to connect: to `onRetry`, as events, or, without either, as one warning per outage. */
export class RetryReporter {
  readonly #onRetry: ((retry: ConnectionRetry) => void) | undefined;
  #receiver: RetryEvents | undefined;

  constructor(onRetry: ((retry: ConnectionRetry) => void) | undefined) {
    this.#onRetry = onRetry;
  }

  /** Emits the events on this Receiver from now on. */
  attach(receiver: RetryEvents): void {
    this.#receiver = receiver;
  }

  report(error: Error, attempt: number, where: string): void {
    const isObserved = this.#receiver?.events.observed === true;
    const event = { type: 'retry', error, attempt } as const;
    if (this.#receiver) this.#receiver.emit(event);
    else show(event, undefined);
    if (this.#onRetry) this.#call(this.#onRetry, { error, attempt });
    else if (attempt === 1 && !isObserved) this.#warn(error, where);
  }

  #call(onRetry: (retry: ConnectionRetry) => unknown, retry: ConnectionRetry): void {
    const onError = (error: unknown) => {
      process.emitWarning(toError(error));
    };
    try {
      // `onRetry` may be an async function, whatever its type says.
      Promise.resolve(onRetry(retry)).catch(onError);
    } catch (error) {
      onError(error);
    }
  }

  #warn(error: Error, where: string): void {
    const what = `${this.#receiver ? 'reconnect' : 'connect'} to ${where}: ${messageOf(error)}`;
    const until = this.#receiver
      ? 'It keeps trying until it is stopped. Observe its `events`'
      : 'It keeps trying until `signal` aborts. Pass `onRetry`';
    process.emitWarning(`A Receiver cannot ${what}. ${until} to be told of each failed attempt.`, {
      type: 'RedisConnectionWarning',
      code: 'RX_REDIS_RECEIVER_RETRY',
    });
  }
}
