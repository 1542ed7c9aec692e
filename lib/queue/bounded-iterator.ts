import { Subscription, type Observable } from 'rxjs';
import { onAbort } from '../abort.js';
import { currentHandling } from './handling.js';
import { HandlingsInHand } from './handlings-in-hand.js';
import { Ring } from './ring.js';
import { subscribeWithin } from './subscribe-within.js';
import type { WaitingLine } from './waiting-line.js';

type State =
  | { readonly is: 'idle' }
  | { readonly is: 'open' }
  /** No value arrives any more: the waiting values are delivered, and then the failure, once. */
  | { readonly is: 'ended'; readonly failure?: Failure | undefined };

/** Box of an error, because a source may also fail with `undefined`. */
interface Failure {
  readonly error: unknown;
}

interface Pull<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

export interface BoundedIteratorOptions {
  /** Ends the iteration, which then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called when waiting values were taken or dropped, and at the end. */
  readonly onTaken?: () => void;
}

/** Pulls the values of an Observable; values that nobody pulls wait in a line. */
export class BoundedIterator<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #source: Observable<T>;
  readonly #line: WaitingLine<T>;
  /** Open pulls. While a pull waits, no value does. */
  readonly #pulls = new Ring<Pull<T>>();
  readonly #subscription = new Subscription();
  readonly #options: BoundedIteratorOptions;
  /** The messages that the consumer has received and has not handled yet. */
  readonly #inHand = new HandlingsInHand();
  #state: State = { is: 'idle' };

  constructor(source: Observable<T>, line: WaitingLine<T>, options: BoundedIteratorOptions = {}) {
    this.#source = source;
    this.#line = line;
    this.#options = options;
  }

  next(): Promise<IteratorResult<T>> {
    this.#inHand.endAll('handled');
    const waiting = this.#line.next();
    if (waiting) {
      this.#inHand.add(waiting.handling);
      this.#options.onTaken?.();
      this.#line.relax();
      return Promise.resolve({ done: false, value: waiting.value });
    }
    if (this.#state.is === 'ended') {
      const { failure } = this.#state;
      this.#state = { is: 'ended' };
      return failure ? Promise.reject(failure.error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      // Add the pull before the source runs: the first value of a synchronous source is for this pull, and takes no room.
      this.#pulls.push({ resolve, reject });
      if (this.#state.is === 'idle') this.#open();
    });
  }

  async return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    this.#release();
    return { done: true, value: await value };
  }

  async throw(error?: unknown): Promise<never> {
    this.#release();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): void {
    const { signal } = this.#options;
    if (signal?.aborted) return this.#end({ error: signal.reason });
    this.#state = { is: 'open' };
    if (signal) this.#subscription.add(onAbort(signal, () => this.#abort(signal.reason)));
    const observer = {
      next: (value: T) => this.#accept(value),
      error: (error: unknown) => this.#end({ error }),
      complete: () => this.#end(),
    };
    subscribeWithin(this.#subscription, this.#source, observer, () => this.#line.releaseAll());
  }

  #accept(value: T): void {
    const pull = this.#pulls.shift();
    if (pull) {
      this.#inHand.add(currentHandling()?.begin());
      return pull.resolve({ done: false, value });
    }
    try {
      this.#line.push(value);
    } catch (error) {
      // An `onDrop` that called `return()` before it threw has ended the iteration: no pull is left to reject.
      if (this.#state.is === 'open') this.#end({ error });
    }
  }

  #abort(error: unknown): void {
    this.#inHand.endAll('abandoned');
    this.#line.clear();
    this.#end({ error });
  }

  #release(): void {
    this.#inHand.endAll('abandoned');
    this.#line.clear();
    this.#end();
  }

  #end(failure?: Failure): void {
    const first = this.#pulls.shift();
    this.#state = { is: 'ended', failure: first ? undefined : failure };
    if (first && failure) first.reject(failure.error);
    else first?.resolve({ done: true, value: undefined });
    for (let pull = this.#pulls.shift(); pull; pull = this.#pulls.shift())
      pull.resolve({ done: true, value: undefined });
    this.#options.onTaken?.();
    // Unsubscribe last: the source's teardown may throw or call the iterator, and by now no pull waits.
    this.#subscription.unsubscribe();
  }
}
