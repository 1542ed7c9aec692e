import { asyncScheduler } from 'rxjs';

/** How long stop, drain and close wait for Redis to answer, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Calls `onDone` once when the function that it returns has been called `count` times, or when patience has run out: a
 * dead server, or a closed client, never answers.
 */
export function allOrLate(count: number, onDone: () => void): () => void {
  if (count === 0) {
    onDone();
    return () => undefined;
  }
  let missing = count;
  const timer = asyncScheduler.schedule(onDone, PATIENCE);
  return () => {
    missing--;
    if (missing > 0 || timer.closed) return;
    timer.unsubscribe();
    onDone();
  };
}
