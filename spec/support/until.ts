import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** The expectation, for the error message. */
  readonly message?: string;
  /** Milliseconds. @default 10000 */
  readonly timeout?: number;
}

/** Resolves with the first truthy result of the condition; rejects if there is none in time. */
export async function until<T>(
  condition: () => T | PromiseLike<T>,
  { message = String(condition), timeout = 10_000 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() >= deadline) {
      throw new Error(`timed out after ${String(timeout)} ms waiting for: ${message}`);
    }
    await delay(5);
  }
}
