import { asyncScheduler } from 'rxjs';

/** How long stop, drain and close wait for Redis to answer, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Calls `onDone` once when the function that it returns has been called `count` times, or when patience has run out: a
 * dead server, or a closed client, never answers.
 */
export function allOrLate(count: number, onDone: () => void, patience = PATIENCE): () => void {
  if (count === 0) {
    onDone();
    return () => undefined;
  }
  let missing = count;
  let isDone = false;
  const finish = () => {
    if (isDone) return;
    isDone = true;
    timer.unsubscribe();
    onDone();
  };
  const timer = asyncScheduler.schedule(finish, patience);
  return () => {
    if (--missing === 0) finish();
  };
}
