import { assertKnownOptions, optionNames } from './errors/known-options.js';
import { invalidArgument } from './errors/invalid-argument.js';
import { reportUnhandled } from './report-unhandled.js';

/** The options of a method that waits. */
export interface WaitOptions {
  /** Signal that ends the wait, which then rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
}

const WAIT_OPTIONS = optionNames<WaitOptions>({ signal: true });

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

/** Throws if the value is neither undefined nor a signal. */
export function assertSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument("the option 'signal'", 'an AbortSignal', signal);
}

/** Checks the options of a method that waits; `known` has the names of all its options. */
export function assertWaitOptions(method: string, options: WaitOptions, known = WAIT_OPTIONS): void {
  assertKnownOptions(`the options of ${method}`, options, known);
  assertSignal(options.signal);
}

/**
 * Creates a promise that rejects with the reason of the signal when that aborts. `start` returns a function that ends the
 * wait.
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  return new Promise<T>((resolve, reject) => {
    let cancel: (() => void) | undefined = undefined;
    const abort = () => {
      cancel?.();
      reject(signal?.reason as Error);
    };
    const ignoreSignal = signal && onAbort(signal, abort);
    const settled =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        ignoreSignal?.();
        settle(value);
      };
    cancel = start(settled(resolve), settled(reject));
    // User code that runs inside `start` may have aborted the signal.
    if (signal?.aborted) cancel();
  });
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
