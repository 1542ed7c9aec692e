import { auditTime, EMPTY, Observable, of, retry, Subject, Subscription, type Subscriber } from 'rxjs';
import { ConnectionLostError, mergeMapBounded, type Message, type Receiver } from '../index.js';
import { BusySlots } from './busy-slots.js';

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
  /** Hears, once an episode, that all slots are busy, and how many messages wait. */
  readonly onFull: (waiting: number) => void;
  readonly onError: (error: Error) => void;
}

const DROPS_TOLD_EVERY = 1_000;

/** Takes what a Receiver hears, and has it handled: a bounded number at a time, and in order within a key. */
export class MessageIntake {
  readonly #running = new Subscription();
  /** One for each message that is being handled. */
  readonly #handling = new Set<Subscriber<never>>();
  readonly #slots: BusySlots;
  /** Resolves when everything has been handled. */
  readonly end: Promise<void>;

  constructor(receiver: Receiver<unknown>, options: IntakeOptions) {
    const { handle, key, onDrop, onDropped, onFull, onError, ...bounds } = options;
    const slots = new BusySlots(options.concurrent, onFull);
    this.#slots = slots;
    this.#running.add(() => slots.stop());
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
      mergeMapBounded(
        (message) => {
          slots.start();
          return this.#completionOf(handle(message));
        },
        {
          ...bounds,
          key(message) {
            slots.arrive();
            return key(message);
          },
          onDrop(message) {
            slots.drop();
            dropped++;
            drops.next();
            onDrop(message);
          },
        },
      ),
    );
    this.end = new Promise((resolve) => {
      this.#running.add(handled.subscribe({ complete: resolve, error: onError }));
    });
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
      return () => {
        this.#handling.delete(subscriber);
        this.#slots.end();
      };
    });
  }
}
