import { auditTime, EMPTY, Observable, of, retry, Subject, Subscription, type Subscriber } from 'rxjs';
import { ConnectionLostError, mergeMapBounded, type Message, type Receiver } from '../index.js';
import { BusySlots } from './busy-slots.js';

export interface IntakeOptions {
  readonly concurrent: number;
  readonly capacity: number | undefined;
  readonly overflow: 'drop-oldest' | 'drop-incoming';
  /** Key of a message. Never throws. */
  readonly key: (message: Message<unknown>) => unknown;
  /** Handler of a message. Never rejects. */
  readonly handle: (message: Message<unknown>) => Promise<void>;
  readonly onDrop: (message: Message<unknown>) => void;
  /** Callback with the number of dropped messages so far, once a second while messages are dropped. */
  readonly onDropped: (count: number) => void;
  /** Callback with the number of waiting messages, once an episode in which all slots are busy. */
  readonly onFull: (waiting: number) => void;
  readonly onError: (error: Error) => void;
}

const DROPS_TOLD_EVERY = 1_000;

/** Intake of the messages of a Receiver, handled a bounded number at a time, and in order within a key. */
export class MessageIntake {
  readonly #running = new Subscription();
  /** Subscribers that wait for handlers, one for each message that is being handled. */
  readonly #handling = new Map<Subscriber<never>, Message<unknown>>();
  readonly #slots: BusySlots;
  /** Promise that resolves when everything has been handled. */
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
      // Each error concerns one message, or the messages that are missing: the stream continues with the others.
      retry({
        delay(error: Error) {
          onError(error);
          return error instanceof ConnectionLostError ? EMPTY : of(undefined);
        },
      }),
      mergeMapBounded(
        (message) => {
          slots.start();
          return this.#completionOf(message, handle(message));
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

  /**
   * Stops waiting for the messages that are being handled, so that the messages behind them get their turn. An event of a group
   * would count as handled.
   */
  giveUp(): void {
    for (const [subscriber, { ack }] of [...this.#handling]) if (!ack) subscriber.complete();
  }

  stop(): void {
    this.#running.unsubscribe();
  }

  /** Returns an Observable that completes with a promise that never rejects. RxJS's own conversion takes more steps. */
  #completionOf(message: Message<unknown>, promise: Promise<void>): Observable<never> {
    return new Observable((subscriber) => {
      this.#handling.set(subscriber, message);
      void promise.then(() => subscriber.complete());
      return () => {
        this.#handling.delete(subscriber);
        this.#slots.end();
      };
    });
  }
}
