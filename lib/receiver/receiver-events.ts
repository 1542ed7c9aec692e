import { Subject, type Subscriber } from 'rxjs';
import type { ReceiverEvent } from '../channel.js';
import type { ChannelCore } from '../channel/channel-core.js';
import { coreOf } from '../channel/core-of.js';
import { show } from '../diagnostics.js';
import type { PubSubClient } from '../hub/client.js';
import { tell } from '../outbox.js';

/** The events of a Receiver, and of each Channel whose events are observed. */
export class ReceiverEvents extends Subject<ReceiverEvent> {
  readonly #client: PubSubClient;
  readonly #ofChannels = new Map<ChannelCore<unknown>, Subject<ReceiverEvent>>();
  #gaps = 0;
  #isOver = false;

  constructor(client: PubSubClient) {
    super();
    this.#client = client;
  }

  /** Number of `gap` events. */
  get gaps(): number {
    return this.#gaps;
  }

  readonly emit = (event: ReceiverEvent): void => {
    if (event.type === 'gap') this.#gaps++;
    show(event, this.#client);
    if (!this.observed && this.#ofChannels.size === 0) return;
    tell(() => {
      this.next(event);
      if (this.#ofChannels.size === 0) return;
      for (const core of this.#concernedBy(event)) this.#ofChannels.get(core)?.next(event);
    });
  };

  /** Adds an observer of the events that concern a Channel. */
  observeChannel(core: ChannelCore<unknown>, subscriber: Subscriber<ReceiverEvent>): void {
    if (this.#isOver) return subscriber.complete();
    const events = this.#ofChannels.get(core) ?? new Subject<ReceiverEvent>();
    this.#ofChannels.set(core, events);
    events.subscribe(subscriber);
    // Runs after the teardown that removes the observer from the Subject.
    subscriber.add(() => {
      if (!events.observed) this.#ofChannels.delete(core);
    });
  }

  /** Completes all observers, because no more events can come. */
  end(): void {
    this.#isOver = true;
    this.complete();
    for (const events of this.#ofChannels.values()) events.complete();
    this.#ofChannels.clear();
  }

  /** Returns the Channels that an event concerns; some of them may have no observers of events. */
  #concernedBy(event: ReceiverEvent): readonly ChannelCore<unknown>[] {
    switch (event.type) {
      case 'overflow':
        return [];
      case 'disconnected':
      case 'retry':
        return [...this.#ofChannels.keys()].filter(({ isOpen }) => isOpen);
      case 'gap':
        return event.gap.channels.map(coreOf);
      case 'decode-error':
        return [coreOf(event.error.raw.source)];
      default:
        return [coreOf(event.source)];
    }
  }
}
