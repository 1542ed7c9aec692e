type Outcome = { readonly error?: never } | { readonly error: Error };

/**
 * The promise of a request. Its callbacks run in the moment in which it settles: virtual time knows no microtasks. What
 * `then` returns, and so what is awaited, is an ordinary promise.
 */
export class Acknowledgement implements Promise<undefined> {
  readonly [Symbol.toStringTag] = 'Promise';
  #outcome: Outcome | undefined;
  readonly #callbacks: ((outcome: Outcome) => void)[] = [];

  /** Settles it, once. */
  settle(error?: Error): void {
    if (this.#outcome) return;
    const outcome = (this.#outcome = error ? { error } : {});
    for (const callback of this.#callbacks.splice(0)) callback(outcome);
  }

  then<A = undefined, B = never>(
    onFulfilled?: ((value: undefined) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return new Promise((resolve, reject) => {
      const settle = ({ error }: Outcome) => {
        try {
          if (error) {
            if (onRejected) resolve(onRejected(error));
            else reject(error);
          } else {
            resolve(onFulfilled ? onFulfilled(undefined) : (undefined as A));
          }
        } catch (thrown) {
          reject(thrown);
        }
      };
      if (this.#outcome) settle(this.#outcome);
      else this.#callbacks.push(settle);
    });
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<undefined | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<undefined> {
    return this.then().finally(onFinally);
  }
}
