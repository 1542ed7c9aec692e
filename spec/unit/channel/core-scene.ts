import { Observable, type Subscription } from 'rxjs';
import type { Message, ReceiverEvent } from '../../../lib/channel.js';
import { ChannelCore } from '../../../lib/channel/channel-core.js';
import type { ChannelOwner } from '../../../lib/channel/channel-owner.js';
import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import type { RawMessage } from '../../../lib/channel/raw-message.js';
import { text, type Codec } from '../../../lib/codec/codec.js';
import { ConnectionLostError } from '../../../lib/errors/errors.js';
import type { PubSubHub } from '../../../lib/hub/pub-sub-hub.js';

type Core = ChannelCore<string>;
type Owner = ChannelOwner<ChannelCore<unknown>>;

interface CoreSceneOptions {
  readonly kind?: SubscriptionKind;
  readonly name?: string;
  readonly codec?: Codec<string>;
}

/** A Channel's core between a hub and a Receiver that only write down; needs Jest's fake timers. */
export class CoreScene {
  /** The calls of the hub, in order. */
  hub: string[] = [];
  /** The calls of the Receiver, and the types of the events as `<type>`, in order. */
  owner: string[] = [];
  /** What the observers x and y get, the Receiver's stream as `receiver`, and the promises. */
  received: string[] = [];
  /** The messages for the Receiver's stream, as it gets them. */
  readonly accepted: [RawMessage, boolean][] = [];
  readonly core: Core;
  readonly counts = { received: 0, delivered: 0, dropped: 0, undecodable: 0, late: 0, recovered: 0 };
  readonly #observers = new Map<string, Subscription>();
  readonly #flags = { isHubOpen: true, isOwnerOpen: true, canReadopt: true, closesInside: false };

  constructor({ kind = 'channel', name = 'news', codec = text }: CoreSceneOptions = {}) {
    this.core = new ChannelCore<string>(this.#owner(), {
      hub: this.#hub(),
      kind,
      name,
      codec,
      topic: undefined,
    });
  }

  /** Lets these events happen, and forgets what they have caused. */
  async prepare(events: readonly string[]): Promise<void> {
    for (const event of events) await this.apply(event);
    [this.hub, this.owner, this.received] = [[], [], []];
  }

  /** Lets an event happen, and resolves when its promises have called back. */
  async apply(event: string): Promise<void> {
    const handler = this.#events[event];
    if (!handler) throw new Error(`unknown event: ${event}`);
    handler();
    for (let level = 0; level < 3; level++) await Promise.resolve();
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    'x observes': () => this.#observe('x'),
    'y observes': () => this.#observe('y'),
    'x leaves': () => this.#observers.get('x')!.unsubscribe(),
    'y leaves': () => this.#observers.get('y')!.unsubscribe(),
    'turn ends': () => jest.advanceTimersByTime(0),
    merged: () => this.core.setMerged(true),
    unmerged: () => this.core.setMerged(false),
    acknowledged: () => this.core.onSubscribed(),
    interrupted: () => this.core.onInterrupted(),
    replaced: () => this.core.onReplaced(),
    released: () => this.core.onReleased(),
    refused: () => this.core.onRefused(new Error('NOPERM')),
    'client closed': () => this.core.onEnded(undefined),
    'client lost': () => this.core.onEnded(new Error('gone')),
    message: () => this.core.receive('m', 'news'),
    'x will close': () => (this.#flags.closesInside = true),
    close: () => void this.core.close().then(() => this.received.push('close resolved')),
    drain: () => this.core.release('draining', () => this.received.push('drained')),
    ask: () => this.#ask(),
    'hub not open': () => (this.#flags.isHubOpen = false),
    forgotten: () => (this.core.registration = 'forgotten'),
    claimed: () => (this.core.registration = 'claimed'),
    kept: () => (this.core.registration = 'kept'),
    'receiver ends': () => {
      this.#flags.isOwnerOpen = false;
      this.#flags.canReadopt = false;
    },
  };

  #observe(name: string): void {
    const write = (entry: string) => void this.received.push(`${name}: ${entry}`);
    const source = new Observable<Message>((subscriber) => {
      this.#observers.set(name, subscriber);
      this.core.observe(subscriber);
    });
    source.subscribe({
      next: ({ data }) => {
        write(data);
        if (this.#flags.closesInside && name === 'x') void this.apply('close');
      },
      error: ({ name: error }: Error) => write(error),
      complete: () => write('complete'),
    });
  }

  #ask(): void {
    this.core.whenSubscribed().then(
      () => this.received.push('resolved'),
      (error: unknown) => this.received.push((error as Error).name),
    );
  }

  #accept(message: [RawMessage, boolean]): void {
    this.accepted.push(message);
    this.received.push('receiver: m');
  }

  #hub(): PubSubHub {
    const flags = this.#flags;
    const call = (entry: string) => () => void this.hub.push(entry);
    return {
      get isOpen() {
        return flags.isHubOpen;
      },
      isAway: false,
      serversOf: () => [],
      batch: (work) => work(),
      attach: call('attach'),
      detach: (_kind, _name, _listener, leave) => void this.hub.push(`detach ${leave}`),
      updateFastPath: call('update'),
      deliverHeld: call('deliver held'),
      check: () => undefined,
      verify: call('verify'),
      inspect: () => Promise.resolve(),
      watch: call('watch'),
      unwatch: call('unwatch'),
    };
  }

  #owner(): Owner {
    const flags = this.#flags;
    const call = (entry: string) => () => void this.owner.push(entry);
    return {
      get isOpen() {
        return flags.isOwnerOpen;
      },
      get lostError() {
        return flags.isOwnerOpen ? undefined : new ConnectionLostError();
      },
      heartbeat: 0,
      bounds: { capacity: 10, maxBytes: 1_000, overflow: 'error' },
      stream: {
        counts: this.counts,
        accept: (...message) => this.#accept(message),
        roomFor: () => Infinity,
        whenRoom: () => undefined,
      },
      emit: ({ type }: ReceiverEvent) => void this.owner.push(`<${type}>`),
      onMissed: call('<missed>'),
      onIgnored: (_, reason) => {
        if (reason === 'late') this.counts.late++;
        this.owner.push(`<${reason}>`);
      },
      observeEvents: () => undefined,
      readopt: () => flags.canReadopt,
      onChannelSubscribed: call('subscribed'),
      onChannelInterrupted: call('interrupted'),
      onChannelRefused: call('refused'),
      onChannelObserved: call('observed'),
      onChannelDeserted: call('deserted'),
      onChannelClosing: call('closing'),
      onChannelReleased: call('released'),
      onChannelClosed: (_, reason, error) => this.owner.push(`${reason}${error ? `: ${error.name}` : ''}`),
      onDisconnected: () => undefined,
      onReconnected: () => undefined,
      onClientEnded: () => undefined,
    };
  }
}
