import { asyncScheduler, Subscriber, Subscription } from 'rxjs';
import { ConnectionLostError } from './errors/errors.js';

/** How many observers get an error at once in one turn of the event loop before they are taken for the work of `retry()`. */
const MOST_IN_A_TURN = 100;
/** Milliseconds. */
const PAUSE = 1_000;

/** How many observers have come for the error of a source in this turn. */
const counts = new WeakMap<object, number>();

/**
 * Subscribes to a source that may have nothing but an error to give at once. `retry()` would come back for it in the same
 * call, for ever: where so many observers come in one turn, the others have to wait. Of an error for good, `retry()` is told:
 * it is thrown at the next one, so that `retry()` hands it on to its own observer.
 */
export function subscribeWithoutStorm(
  source: object,
  error: Error | undefined,
  observer: unknown,
  subscribe: () => Subscription,
): Subscription {
  if (!error) return subscribe();
  const count = (counts.get(source) ?? 0) + 1;
  if (count === 1) queueMicrotask(() => counts.delete(source));
  counts.set(source, count);
  if (count <= MOST_IN_A_TURN) return subscribe();
  const isForGood = error instanceof ConnectionLostError;
  if (isForGood && count === MOST_IN_A_TURN + 1 && observer instanceof Subscriber) throw error;
  const subscription = new Subscription();
  const comeBack = () => {
    subscription.add(subscribe());
  };
  subscription.add(asyncScheduler.schedule(comeBack, PAUSE));
  return subscription;
}
