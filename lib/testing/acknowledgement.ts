type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Promise of a request. Its callbacks run at the moment when the promise settles, because virtual time runs no microtasks.
 * `then` returns an ordinary promise, so code after an `await` runs in a microtask.
 */
export class Acknowledgement<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'Promise';
  #outcome: Outcome<T> | undefined;
  readonly #callbacks: ((outcome: Outcome<T>) => void)[] = [];
  /** Ordinary promise that stands in for a rejection without a handler, so that Node reports the rejection. */
  #unhandled: Promise<never> | undefined;

  /** Fulfils the promise, unless it has settled already. */
  resolve(value: T): void {
    this.#settle({ value });
  }

  /** Rejects the promise, unless it has settled already. */
  reject(error: unknown): void {
    this.#settle({ error });
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome<T>) => {
        try {
          if ('value' in outcome)
            resolve(onFulfilled ? onFulfilled(outcome.value) : (outcome.value as A & T));
          else if (onRejected) resolve(onRejected(outcome.error));
          else reject(outcome.error);
        } catch (thrown) {
          reject(thrown);
        }
      };
      if (this.#outcome) settle(this.#outcome);
      else this.#callbacks.push(settle);
      this.#unhandled?.catch(() => undefined);
    });
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }

  #settle(outcome: Outcome<T>): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    if ('error' in outcome && this.#callbacks.length === 0) this.#unhandled = Promise.reject(outcome.error);
    for (const callback of this.#callbacks.splice(0)) callback(outcome);
  }
}
