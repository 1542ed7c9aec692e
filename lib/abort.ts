import { reportUnhandled } from './report-unhandled.js';

interface Entry {
  readonly callback: () => void;
}

const entries = new WeakMap<AbortSignal, Set<Entry>>();

/**
 * Calls back when the signal aborts, in order with the other callbacks of this signal. Returns a function that removes the
 * callback. Does nothing if the signal has already aborted.
 *
 * All callbacks share one listener, which is removed with the last callback. Node takes more than ten listeners on a signal
 * for a leak and prints a warning, though a thousand pulls on one signal are no leak.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) return () => undefined;
  const callbacks = entries.get(signal) ?? listen(signal);
  const entry = { callback };
  callbacks.add(entry);
  return () => {
    if (callbacks.delete(entry) && callbacks.size === 0) ignore(signal);
  };
}

function listen(signal: AbortSignal): Set<Entry> {
  const callbacks = new Set<Entry>();
  entries.set(signal, callbacks);
  signal.addEventListener('abort', callBack);
  return callbacks;
}

function ignore(signal: AbortSignal): void {
  entries.delete(signal);
  signal.removeEventListener('abort', callBack);
}

function callBack(this: AbortSignal): void {
  const callbacks = entries.get(this) ?? [];
  ignore(this);
  // A callback may remove a later callback: the iterator of a Set skips it.
  for (const { callback } of callbacks) {
    try {
      callback();
    } catch (error) {
      reportUnhandled(error);
    }
  }
}
