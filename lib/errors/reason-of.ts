import { isError } from './to-error.js';

/** What was thrown, in words: there may be anything behind a codec, also what no string can be made of. */
export function reasonOf(cause: unknown): string {
  if (isError(cause)) return cause.message;
  try {
    return String(cause);
  } catch {
    return 'what was thrown is no error, and cannot be shown';
  }
}
