import { isError } from './to-error.js';

/** Returns the message of a thrown value. A codec may throw any value, even one that cannot be converted to a string. */
export function reasonOf(cause: unknown): string {
  if (isError(cause)) return cause.message;
  try {
    return String(cause);
  } catch {
    return 'the thrown value is not an error, and cannot be shown';
  }
}
