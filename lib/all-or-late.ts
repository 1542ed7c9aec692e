import { asyncScheduler } from 'rxjs';

/** Milliseconds for which `stop()`, `drain()` and `close()` wait for the reply of Redis. */
const PATIENCE = 2_000;

/**
 * Returns a function, and calls `onDone` once the function has been called `count` times, or after `patience` milliseconds: a
 * dead server or a closed client never replies.
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
