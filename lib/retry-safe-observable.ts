import { asyncScheduler, Observable, Subscriber, Subscription, type Observer } from 'rxjs';
import { ConnectionLostError } from './errors/errors.js';

/** The number of observers in one turn of the event loop that get an error at once; more must come from `retry()`. */
const MOST_IN_A_TURN = 100;
/** Milliseconds after which the other observers get the error. */
const PAUSE = 1_000;

/** The number of observers in this turn, by the source whose error they get. */
const counts = new WeakMap<object, number>();

/** The key of the internals of a public object, for this package alone, including another copy of it in the same process. */
export const INTERNALS = Symbol.for('rx-redis-receiver.internals.1');

/** The part of the internals that decides whether another attempt makes sense. */
interface Internals {
  /** The error that a new observer would get at once, and that another attempt cannot fix. */
  readonly finalError: Error | undefined;
}

/**
 * An Observable that may emit an error at once to each new observer. `retry()` would resubscribe in the same call, without
 * end, so after many observers in one turn, the other observers have to wait. A final error ends `retry()`: the next
 * subscription throws the error, and `retry()` passes it on to its own observer.
 */
export abstract class RetrySafeObservable<T> extends Observable<T> {
  /** @internal */
  abstract get [INTERNALS](): Internals;

  /**
   * Subscribes like any Observable. `retry()` cannot spin on an error that each new observer gets at once: a
   * ConnectionLostError ends it, any other error comes after a pause.
   */
  override subscribe(
    observer?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const args = [observer, error, complete] as unknown as [Partial<Observer<T>>];
    const subscribe = () => super.subscribe(...args);
    const { finalError } = this[INTERNALS];
    return finalError ? subscribeWithoutStorm(this, finalError, observer, subscribe) : subscribe();
  }
}

function subscribeWithoutStorm(
  source: object,
  error: Error,
  observer: unknown,
  subscribe: () => Subscription,
): Subscription {
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
