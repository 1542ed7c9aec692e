import type { ReceiverEvent } from '../channel/events.js';
import type { ConnectionRetry } from './receiver-options.js';

/** What a Receiver has for its reporter. */
export interface RetryEvents {
  readonly events: { readonly observed: boolean };
  emit(event: ReceiverEvent): void;
}

/** Tells of each failed try to connect: by `onRetry`, by an event, or, where nobody listens, by one warning an outage. */
export class RetryReporter {
  readonly #onRetry: ((retry: ConnectionRetry) => void) | undefined;
  #receiver: RetryEvents | undefined;
  #where = '';
  #lastError: Error | undefined;

  constructor(onRetry: ((retry: ConnectionRetry) => void) | undefined) {
    this.#onRetry = onRetry;
  }

  /** Tells the events of this Receiver from now on. */
  attach(receiver: RetryEvents): void {
    this.#receiver = receiver;
  }

  report(error: Error, attempt: number, where: string): void {
    this.#lastError = error;
    this.#where = where;
    const isObserved = this.#receiver?.events.observed === true;
    this.#receiver?.emit({ type: 'retry', error, attempt });
    if (this.#onRetry) this.#call(this.#onRetry, { error, attempt });
    else if (attempt === 1 && !isObserved) this.#warn(error);
  }

  /** Returns what an opening rejects with that a signal has aborted: a custom reason as it is. */
  abortError(reason: unknown): unknown {
    const cause = this.#lastError;
    if (!cause || !(reason instanceof DOMException) || !/^(Abort|Timeout)Error$/.test(reason.name))
      return reason;
    const message = `${reason.message}: cannot connect to ${this.#where}: ${messageOf(cause)}`;
    // Typed as a name alone, though Node takes a cause, too.
    const options = { name: reason.name, cause } as unknown as string;
    return new DOMException(message, options);
  }

  #call(onRetry: (retry: ConnectionRetry) => void, retry: ConnectionRetry): void {
    try {
      onRetry(retry);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  #warn(error: Error): void {
    const what = `${this.#receiver ? 'reconnect' : 'connect'} to ${this.#where}: ${messageOf(error)}`;
    const until = this.#receiver
      ? 'It goes on trying until it is stopped. Observe its `events`'
      : 'It goes on trying until `signal` aborts. Give `onRetry`';
    process.emitWarning(`A Receiver cannot ${what}. ${until} to hear of each failed try.`, {
      type: 'RedisConnectionWarning',
      code: 'RX_REDIS_RECEIVER_RETRY',
    });
  }
}

/** Returns the message of an error; that of an AggregateError, for a name with several addresses, is empty. */
function messageOf(error: Error): string {
  const { errors = [] } = error as Partial<AggregateError>;
  const message = error.message || errors.map(String).join(', ') || error.name;
  return message.replace(/\.$/, '');
}
