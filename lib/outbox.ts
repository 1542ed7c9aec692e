import { reportUnhandled } from './report-unhandled.js';

/**
 * The calls that leave a part of the library: events, errors, completions, and notifications between parts. During a
 * transition, which is a change of state, they wait until its end, in the same tick, so that user code never runs in the
 * middle of a change. A call may begin a transition of its own.
 */
let waiting: Calls | undefined;

/** Each function is followed by its argument: a closure for each call would cost more, and there may be very many calls. */
type Calls = unknown[];

/** Runs a change of state, then makes the calls that it has requested; in another transition they wait for its end. */
export function transition<T>(work: () => T): T {
  if (waiting) return work();
  const calls: Calls = (waiting = []);
  try {
    return work();
  } finally {
    waiting = undefined;
    for (let index = 0; index < calls.length; index += 2) {
      try {
        (calls[index] as (about: unknown) => void)(calls[index + 1]);
      } catch (error) {
        reportUnhandled(error);
      }
    }
  }
}

/** Makes a call at the end of the current transition, or at once if there is none. */
export function tell(call: () => void): void;
export function tell<T>(call: (about: T) => void, about: T): void;
export function tell<T>(call: (about?: T) => void, about?: T): void {
  if (waiting) waiting.push(call, about);
  else call(about);
}
