import { Observable, type Observer, type Subscription } from 'rxjs';

/**
 * Subscribes to a source as a part of `parent`. The parent gets the subscription before the source runs: unsubscribing the
 * parent then also ends a source that is still inside its subscribe function and emits without end.
 */
export function subscribeWithin<T>(parent: Subscription, source: Observable<T>, observer: Observer<T>): void {
  new Observable<T>((subscriber) => {
    parent.add(subscriber);
    source.subscribe(subscriber);
  }).subscribe(observer);
}
