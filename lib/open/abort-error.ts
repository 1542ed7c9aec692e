import { messageOf } from './message-of.js';
import type { Tries } from './tries.js';

/**
 * Returns what an opening rejects with when its signal has aborted. A reason that the runtime has made, `AbortError` or
 * `TimeoutError`, says nothing: the same is returned with what was waited for, and why in vain. A reason of the user's own is
 * returned as it is.
 */
export function abortError({ reason }: AbortSignal, { where, lastError }: Tries): unknown {
  if (!(reason instanceof DOMException) || !isDefault(reason)) return reason;
  const why = lastError ? messageOf(lastError) : 'it has not answered';
  // Typed as a name alone, though Node takes a cause, too.
  const options = { name: reason.name, ...(lastError && { cause: lastError }) } as unknown as string;
  return new DOMException(`${reason.message}: cannot connect to ${where}: ${why}`, options);
}

/** There is no other way to a TimeoutError of the runtime's than to wait for one: its name has to do. */
function isDefault({ name, message }: DOMException): boolean {
  return name === 'TimeoutError' || message === (AbortSignal.abort().reason as DOMException).message;
}
