import { Observable, type Observer, type Subscription } from 'rxjs';

/**
 * Subscribes to a source as a part of `parent`. The parent gets the subscription before the source runs: unsubscribing the
 * parent then also ends a source that is still inside its subscribe function and emits without end. `teardown` runs next,
 * after the source is unsubscribed.
 */
export function subscribeWithin<T>(
  parent: Subscription,
  source: Observable<T>,
  observer: Observer<T>,
  teardown?: () => void,
): void {
  new Observable<T>((subscriber) => {
    parent.add(subscriber);
    parent.add(teardown);
    source.subscribe(subscriber);
  }).subscribe(observer);
}
