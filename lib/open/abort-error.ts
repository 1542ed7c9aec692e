import { messageOf } from './message-of.js';
import type { Tries } from './tries.js';

/**
 * Returns the reason with which an opening rejects when its signal has aborted. A reason that the runtime has created,
 * `AbortError` or `TimeoutError`, says nothing about the connection: a copy of it names the server and the last error. A
 * reason of the user's own is returned unchanged.
 */
export function abortError({ reason }: AbortSignal, { where, lastError }: Tries): unknown {
  if (!(reason instanceof DOMException) || !isDefault(reason)) return reason;
  const why = lastError ? messageOf(lastError) : 'no answer';
  // The type allows only a name, though Node takes a cause, too.
  const options = { name: reason.name, ...(lastError && { cause: lastError }) } as unknown as string;
  return new DOMException(`${reason.message}: cannot connect to ${where}: ${why}`, options);
}

/**
 * Returns whether the runtime has created the reason. A TimeoutError is recognised by its name alone, because making one to
 * compare with would take a wait.
 */
function isDefault({ name, message }: DOMException): boolean {
  return name === 'TimeoutError' || message === (AbortSignal.abort().reason as DOMException).message;
}
