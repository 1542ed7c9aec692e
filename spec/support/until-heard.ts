import { until } from './until.js';

/** Resolves when no line is silent any more; the error of a wait that takes too long names the lines that are. */
export async function untilHeard(silent: () => readonly { readonly name: string }[]): Promise<void> {
  const waiting = until(() => silent().length === 0, { timeout: 30_000, message: 'a message on all lines' });
  await waiting.catch((error: unknown) => {
    const names = silent().map(({ name }) => name);
    throw new Error(`${String(error)}: ${names.join()}`);
  });
}
