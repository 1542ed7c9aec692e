import {
  defer,
  firstValueFrom,
  from,
  isObservable,
  of,
  ReplaySubject,
  Subject,
  switchMap,
  takeUntil,
  throwError,
  type Observable,
} from 'rxjs';
import {
  ChannelClosedError,
  Receiver,
  type ConnectionRetry,
  type Publisher,
  type PubSubClient,
} from '../index.js';
import { invalidArgument } from '../internal.js';
import { assertPublisher } from '../publisher.js';
import { reportUnhandled } from '../report-unhandled.js';
import type { PassedReceiver, RedisPubSubOptions } from './redis-pub-sub-options.js';

type Options = Pick<
  RedisPubSubOptions,
  'receiver' | 'subscriber' | 'publisher' | 'connection' | 'connectionListener'
>;

/** The Receiver of a PubSub, and the client with which it publishes: on borrowed clients, or opened when first needed. */
export class Connections {
  /** Emits the Receiver once there is one; does not open it. */
  readonly opened = new ReplaySubject<Receiver>(1);
  readonly #options: Options;
  readonly #closed = new Subject<void>();
  readonly #end = new AbortController();
  #receiver: Receiver | undefined;
  #opening: Promise<Receiver> | undefined;
  #publisher: Promise<Publisher> | undefined;

  constructor(options: Options) {
    this.#options = options;
    const { receiver, subscriber, publisher } = options;
    if (publisher !== undefined) assertPublisher(publisher);
    if (!receiver && !subscriber) return;
    this.#receiver = receiverOn(receiver, subscriber);
    this.opened.next(this.#receiver);
  }

  /** Observes what `project` makes of the Receiver, which is opened if need be; completes if that is closed meanwhile. */
  observe<T>(project: (receiver: Receiver) => Observable<T>): Observable<T> {
    return defer(() => {
      if (this.#end.signal.aborted) return throwError(closedError);
      // There may be very many observers, so that the Receiver is no operator's business once it is there.
      if (this.#receiver) return project(this.#receiver);
      return from(this.#openReceiver()).pipe(takeUntil(this.#closed), switchMap(project));
    });
  }

  /** Returns the Receiver, which is opened if need be. */
  async open(): Promise<Receiver> {
    const receiver = await firstValueFrom(
      this.observe((opened) => of(opened)),
      { defaultValue: undefined },
    );
    if (!receiver) throw closedError();
    return receiver;
  }

  /** Publishes; opens the client if need be. */
  async publish(channel: string, data: string | Buffer): Promise<void> {
    if (this.#end.signal.aborted) throw closedError();
    const publisher = this.#options.publisher ?? (await this.#openPublisher());
    await publisher.publish(channel, data);
  }

  /** Ends the Receiver, and closes the clients that were opened here. */
  async close(): Promise<void> {
    this.#end.abort();
    this.#closed.next();
    await this.#receiver?.stop();
  }

  #openReceiver(): Promise<Receiver> {
    this.#opening ??= this.#open().then(
      (receiver) => {
        this.opened.next(receiver);
        return (this.#receiver = receiver);
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  #openPublisher(): Promise<Publisher> {
    const { receiver, subscriber } = this.#options;
    if (receiver || subscriber) {
      const advice = 'Pass the client that publishes beside the one that subscribes.';
      const expected = 'a client, because something is published';
      throw invalidArgument("the option 'publisher'", expected, undefined, advice);
    }
    this.#publisher ??= this.#open().then(
      ({ client }) => {
        assertPublisher(client);
        return client;
      },
      (error: unknown) => {
        this.#publisher = undefined;
        throw error;
      },
    );
    return this.#publisher;
  }

  /** Opens a Receiver, which ends with the connections. Without a subscription it is no more than its client. */
  async #open(): Promise<Receiver> {
    const { connection, connectionListener: listener } = this.#options;
    const { signal } = this.#end;
    const call = (error?: Error) => {
      try {
        listener?.(error);
      } catch (thrown) {
        reportUnhandled(thrown);
      }
    };
    const onRetry = listener && (({ error }: ConnectionRetry) => call(error));
    const receiver = await Receiver.open(connection, { signal, onRetry });
    call();
    receiver.client.on('ready', () => call());
    return receiver;
  }
}

/**
 * Returns a Receiver on a borrowed client: the given one, or that of a Receiver of the user, with which it ends. It shares the
 * user's connection, but neither the queue nor the observers.
 */
export function receiverOn(passed: PassedReceiver | undefined, client: PubSubClient | undefined): Receiver {
  if (!passed) return new Receiver(client as PubSubClient);
  if (!isObservable(passed.events)) throw invalidArgument("the option 'receiver'", 'a Receiver', passed);
  const receiver = new Receiver(passed.client);
  const following = passed.events.subscribe({ complete: () => void receiver.stop() });
  receiver.events.subscribe({ complete: () => following.unsubscribe() });
  return receiver;
}

function closedError(): ChannelClosedError {
  return new ChannelClosedError('The RedisPubSub is closed. Make a new one.');
}
