import { Observable, type Observer, type Subscription } from 'rxjs';

/**
 * Subscribes as a part of `parent`. The two are tied before the source runs, so that unsubscribing the parent also ends
 * a source that is still inside its subscribe function, emitting without end.
 */
export function subscribeWithin<T>(parent: Subscription, source: Observable<T>, observer: Observer<T>): void {
  new Observable<T>((subscriber) => {
    parent.add(subscriber);
    source.subscribe(subscriber);
  }).subscribe(observer);
}
