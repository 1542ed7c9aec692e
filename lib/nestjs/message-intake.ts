import {
  auditTime,
  EMPTY,
  firstValueFrom,
  from,
  map,
  Observable,
  of,
  race,
  retry,
  Subject,
  Subscription,
  timer,
  type Subscriber,
} from 'rxjs';
import { ConnectionLostError, mergeMapBounded, type Message, type Receiver } from '../index.js';

export interface IntakeOptions {
  readonly concurrent: number;
  readonly capacity: number | undefined;
  readonly overflow: 'drop-oldest' | 'drop-incoming';
  /** Never throws. */
  readonly key: (message: Message<unknown>) => unknown;
  /** Never rejects. */
  readonly handle: (message: Message<unknown>) => Promise<void>;
  readonly onDrop: (message: Message<unknown>) => void;
  /** Hears, once a second while messages are dropped, how many have been. */
  readonly onDropped: (count: number) => void;
  readonly onError: (error: Error) => void;
}

const DROPS_TOLD_EVERY = 1_000;

/** Takes what a Receiver hears, and has it handled: a bounded number at a time, and in order within a key. */
export class MessageIntake {
  readonly #running = new Subscription();
  /** One for each message that is being handled. */
  readonly #handling = new Set<Subscriber<never>>();
  readonly #end: Promise<void>;

  constructor(receiver: Receiver<unknown>, options: IntakeOptions) {
    const { handle, onDrop, onDropped, onError, ...bounds } = options;
    const drops = new Subject<void>();
    let dropped = 0;
    this.#running.add(drops.pipe(auditTime(DROPS_TOLD_EVERY)).subscribe(() => onDropped(dropped)));
    const handled = receiver.pipe(
      // Each error stands for one message, or for those that are missing: the others go on.
      retry({
        delay(error: Error) {
          onError(error);
          return error instanceof ConnectionLostError ? EMPTY : of(undefined);
        },
      }),
      mergeMapBounded((message) => this.#completionOf(handle(message)), {
        ...bounds,
        onDrop(message) {
          dropped++;
          drops.next();
          onDrop(message);
        },
      }),
    );
    this.#end = new Promise((resolve) => {
      this.#running.add(handled.subscribe({ complete: resolve, error: onError }));
    });
  }

  /** Resolves when everything has been handled, or after so many milliseconds: to whether it was in time. */
  isDone(patience: number): Promise<boolean> {
    const outcomes = [from(this.#end).pipe(map(() => true)), timer(patience).pipe(map(() => false))];
    return firstValueFrom(race(outcomes));
  }

  /** Waits no longer for what is being handled: what has waited behind it comes. */
  giveUp(): void {
    for (const subscriber of [...this.#handling]) subscriber.complete();
  }

  stop(): void {
    this.#running.unsubscribe();
  }

  /** What RxJS would make of a promise that never rejects, with fewer steps. */
  #completionOf(promise: Promise<void>): Observable<never> {
    return new Observable((subscriber) => {
      this.#handling.add(subscriber);
      void promise.then(() => subscriber.complete());
      return () => this.#handling.delete(subscriber);
    });
  }
}
