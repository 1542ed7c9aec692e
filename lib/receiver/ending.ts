import { allOrLate } from '../all-or-late.js';
import type { ChannelCore } from '../channel/channel-core.js';
import { ChannelClosedError, ConnectionLostError } from '../errors/errors.js';
import { batchOn } from '../hub/pub-sub-hub.js';
import { tell, transition } from '../outbox.js';
import type { MergedStream } from './merged-stream.js';
import type { ReceiverConnection } from './receiver-connection.js';
import type { ReceiverEvents } from './receiver-events.js';
import type { Registry } from './registry.js';

/** The parts of a Receiver, all of which end with it. */
export interface EndingOptions {
  readonly registry: Registry;
  readonly connection: ReceiverConnection;
  readonly stream: MergedStream;
  readonly events: ReceiverEvents;
  /** Called once all subscriptions are released. */
  readonly onStopped: () => void;
}

interface Ended {
  readonly at: 'ended';
  readonly error: ConnectionLostError | undefined;
  readonly hadChannels: boolean;
  readonly released: Promise<void>;
}

type Life = { readonly at: 'open' } | { readonly at: 'draining'; readonly done: Promise<void> } | Ended;

/** The end of a Receiver: by `stop()`, by `drain()`, or with its client. */
export class Ending {
  readonly #options: EndingOptions;
  #life: Life = { at: 'open' };

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** True until the Receiver begins to end. */
  get isOpen(): boolean {
    return this.#life.at === 'open';
  }

  /** The state of the Receiver once it has ended. */
  get ended(): Ended | undefined {
    return this.#life.at === 'ended' ? this.#life : undefined;
  }

  /** The error of a call that needs an open Receiver. */
  get reason(): Error {
    const is = this.#life.at === 'draining' ? 'draining' : 'stopped';
    return this.ended?.error ?? new ChannelClosedError(`The Receiver is ${is}. Make a new one.`);
  }

  stop(): Promise<void> {
    return this.#end('now', undefined);
  }

  drain(): Promise<void> {
    const cores = this.#options.registry.all();
    for (const core of cores) core.deliverHeld();
    return this.#drainNow(cores);
  }

  /** Ends the Receiver with its client; with an error if the client gave up. */
  endWithClient(cause: Error | undefined): void {
    void this.#end('behind', cause && new ConnectionLostError({ cause }));
  }

  #drainNow(cores: readonly ChannelCore<unknown>[]): Promise<void> {
    // The delivery of the held messages may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    if (this.#life.at === 'draining') return this.#life.done;
    let onStopped!: () => void;
    const done = new Promise<void>((resolve) => (onStopped = resolve));
    this.#life = { at: 'draining', done };
    const closing = [...this.#options.registry.closing];
    const onReleased = allOrLate(cores.length + closing.length, () => {
      // Subscriptions that are not released by now have used up their time.
      void this.#end('now', undefined, 0).then(onStopped);
    });
    transition(() =>
      batchOn(cores, () => {
        for (const core of cores) core.release('draining', onReleased);
        for (const core of closing) core.release('closed', onReleased);
      }),
    );
    return done;
  }

  #end(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    if (this.#life.at === 'ended') return this.#life.released;
    for (const core of this.#options.registry.all()) core.deliverHeld();
    return this.#endNow(when, error, patience);
  }

  #endNow(when: 'now' | 'behind', error: ConnectionLostError | undefined, patience?: number): Promise<void> {
    // The delivery of the held messages may have ended the Receiver.
    if (this.#life.at === 'ended') return this.#life.released;
    const { registry, connection, stream, events } = this.#options;
    const open = registry.all();
    const cores = [...open, ...registry.closing];
    let onOver!: () => void;
    const released = new Promise<void>((resolve) => (onOver = resolve));
    this.#life = { at: 'ended', error, hadChannels: open.length > 0, released };
    const over = () =>
      tell(() => {
        this.#options.onStopped();
        events.end();
        onOver();
      });
    const onReleased = allOrLate(cores.length + 1, over, patience);
    transition(() => {
      registry.clear();
      batchOn(cores, () => {
        for (const core of cores) core.release('closed', onReleased);
      });
      connection.end(this.reason);
      stream.end(when, error);
      // Last in the outbox, after all calls that the end has requested.
      tell(onReleased);
    });
    return released;
  }
}
