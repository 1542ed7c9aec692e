type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * The promise of a request. Its callbacks run in the moment in which it settles: virtual time knows no microtasks. What
 * `then` returns, and so what is awaited, is an ordinary promise.
 */
export class Acknowledgement<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'Promise';
  #outcome: Outcome<T> | undefined;
  readonly #callbacks: ((outcome: Outcome<T>) => void)[] = [];
  /** An ordinary promise in the place of a rejection that has no handler: it makes Node report that. */
  #unhandled: Promise<never> | undefined;

  /** Does nothing once it has settled. */
  resolve(value: T): void {
    this.#settle({ value });
  }

  /** Does nothing once it has settled. */
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
