import { asyncScheduler, Subscriber, Subscription } from 'rxjs';
import { ConnectionLostError } from './errors/errors.js';

/** The number of observers in one turn of the event loop that get an error at once; more must come from `retry()`. */
const MOST_IN_A_TURN = 100;
/** Milliseconds after which the other observers get the error. */
const PAUSE = 1_000;

/** The number of observers in this turn, by the source whose error they get. */
const counts = new WeakMap<object, number>();

/**
 * Subscribes to a source that may emit an error at once, and nothing else. `retry()` would resubscribe in the same call,
 * without end, so after many observers in one turn, the other observers have to wait. A final error ends `retry()`: the
 * next subscription throws the error, and `retry()` passes it on to its own observer.
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
