import { reportUnhandled } from './report-unhandled.js';

/**
 * Calls that leave a part of the library: events, errors and completions, and what one part tells another. During a
 * transition, which is a change of state, they wait for its end, in the same tick, so that user code never runs in the middle
 * of it. A call may begin a transition of its own.
 */
let waiting: (() => void)[] | undefined;

/** Runs a change of state, and then makes the calls that it has asked for; inside of another one these wait for its end. */
export function transition<T>(work: () => T): T {
  if (waiting) return work();
  const calls: (() => void)[] = (waiting = []);
  try {
    return work();
  } finally {
    waiting = undefined;
    for (const call of calls) {
      try {
        call();
      } catch (error) {
        reportUnhandled(error);
      }
    }
  }
}

/** Makes a call when the current transition has ended; at once where there is none. */
export function tell(call: () => void): void {
  if (waiting) waiting.push(call);
  else call();
}
