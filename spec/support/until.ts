import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** What is awaited, for the error that says it never came. */
  readonly message?: string;
  /** Milliseconds. @default 5000 */
  readonly timeout?: number;
}

/** Resolves with the condition's first truthy result; rejects when there is none in time. */
export async function until<T>(
  condition: () => T | PromiseLike<T>,
  { message = String(condition), timeout = 5_000 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() >= deadline) {
      throw new Error(`waited ${String(timeout)} ms in vain for: ${message}`);
    }
    await delay(5);
  }
}
