import { asyncScheduler, Observable, Subscription, tap, type Subscriber } from 'rxjs';
import type { Channel } from '../../../lib/channel.js';
import type { Gap, ReceiverEvent } from '../../../lib/channel.js';
import type { Message } from '../../../lib/channel.js';
import { retryRecoverable } from '../../../lib/operators/retry-recoverable.js';
import { Receiver } from '../../../lib/receiver/receiver.js';
import { BOUNDS, codecsOf, type CodecName, isUndecodable, type Payload } from './codecs.js';
import { ExpectedDeliveries } from './expected-deliveries.js';
import type { RedisUnderTest } from './redis-under-test.js';
import { matches, keyOf, type Subject, type Target } from './subjects.js';

/** The state of the simulation, as its ModelReceivers see it. */
export interface SimulationState {
  /** The target of each message; numbers count from 1. */
  readonly targets: readonly Target[];
  /** The last number up to which every message has been published. */
  readonly published: number;
  /** The last number up to which every message has reached the client. */
  readonly arrived: number;
  /** True if no faults are injected: the expected messages are then known exactly. */
  readonly hasNoFaults: boolean;
  /** True if Redis may refuse a subscription. */
  readonly mayRefuse: boolean;
  /** Returns the time when a message was sent to Redis. */
  sentAt(number: number): number;
  /** Returns whether messages of this subject may be missing. */
  mayLack(subject: Subject): boolean;
  complain(what: string): void;
  /** Returns a name for the connection that carries this key; messages on one connection arrive in order. */
  connectionOf(key: string): string;
  /** Called when this ModelReceiver begins to want a subject. */
  onWanted(subject: Subject, receiver: ModelReceiver): void;
}

export interface Plan {
  readonly codec: CodecName;
  readonly bounds: keyof typeof BOUNDS;
  readonly autoStop: boolean;
}

/** An action on a Receiver; `reobserve` and `rewatch` unsubscribe, and subscribe again at once. */
export type ModelAction =
  | { readonly do: 'register'; readonly subject: Subject; readonly codec: CodecName | undefined }
  | { readonly do: 'close'; readonly subject: Subject }
  | { readonly do: 'observe' | 'leave' | 'reobserve'; readonly subject: Subject; readonly slot: 0 | 1 }
  | { readonly do: 'connect' | 'watch' | 'unwatch' | 'rewatch' | 'stop' | 'drain' };

/**
 * The places where user code runs: when an observer gets a message, a completion or an error, when a codec decodes, and
 * when the Receiver emits an event, of any type or of one. Only `Receiver.open` causes a `retry`.
 */
export const CALLBACKS = [
  'message',
  'completion',
  'error',
  'decode',
  'event',
  'subscribed',
  'unsubscribed',
  'disconnected',
  'gap',
  'overflow',
  'late',
  'decode-error',
  'channel-error',
] as const satisfies readonly (
  'message' | 'completion' | 'error' | 'decode' | 'event' | ReceiverEvent['type']
)[];

export type Callback = (typeof CALLBACKS)[number];

/** An observer of a Channel or of the Receiver. */
interface ObserverSlot {
  readonly expected: ExpectedDeliveries;
  subscription: Subscription;
  /** True between unsubscribing and subscribing again. */
  isResubscribing: boolean;
  isComplete: boolean;
}

interface Registration {
  readonly subject: Subject;
  readonly key: string;
  readonly channel: Channel<Payload>;
  readonly codec: CodecName;
  readonly slots: [ObserverSlot | undefined, ObserverSlot | undefined];
  isWanted: boolean;
  /** True if a message published now will arrive. */
  isServed: boolean;
  /** The number of changes between wanted and not wanted so far; a later change makes a pending promise obsolete. */
  generation: number;
  /**
   * True if the Channel is forgotten, or about to be, because its last observer has left a Receiver that is not
   * connected. `'maybe'`: the Receiver is in its grace period.
   */
  isIdle: boolean | 'maybe';
  /** Set when Redis has refused the subscription: the Receiver no longer wants it. */
  isRefused: boolean;
  /** The last arrived number when an observer left: later messages may wait for the next observer. */
  leftAt: number | undefined;
}

/**
 * A Receiver beside a plain model of it: the subscriptions that it wants, and the messages that its consumers must
 * receive.
 */
export class ModelReceiver {
  readonly receiver: Receiver<Payload>;
  readonly #plan: Plan;
  readonly #codecs = codecsOf(() => this.#runReactions('decode'));
  readonly #simulation: SimulationState;
  readonly #registrations = new Map<string, Registration>();
  /**
   * The codecs of the Channels that are being registered: the Receiver may emit events about them before the call
   * returns.
   */
  readonly #registering = new Map<string, CodecName>();
  /**
   * The expected messages of the merged stream. All its observers share them, because the stream delivers each message
   * once.
   */
  readonly #expected: ExpectedDeliveries;
  readonly #reactions: { readonly where: Callback; readonly action: ModelAction }[] = [];
  readonly #endings: Promise<unknown>[] = [];
  #state: 'live' | 'draining' | 'ended' = 'live';
  #isPinned = false;
  /** True while the watcher has left, and the Receiver is in its grace period. */
  #isLeaving = false;
  /** True if `connect()` came before the first observer; undefined before either. Only then do the stats add up. */
  #wasConnectedFirst: boolean | undefined;
  #watcher: ObserverSlot | undefined;
  /** The number of the message that is being delivered. */
  #current: number | undefined;
  readonly #connectionOf = (key: string): string => this.#simulation.connectionOf(key);
  /**
   * The number of completion and error callbacks that are running: until they return, other observers may not have
   * completed.
   */
  #runningEndCallbacks = 0;
  /** The observers that must have completed when the scenario ends. */
  readonly #dueCompletions: ObserverSlot[] = [];

  constructor(
    { client, heartbeat }: Pick<RedisUnderTest, 'client' | 'heartbeat'>,
    plan: Plan,
    simulation: SimulationState,
  ) {
    this.#plan = plan;
    this.#simulation = simulation;
    const { autoStop } = plan;
    this.receiver = new Receiver<Payload>(client, {
      codec: this.#codecs[plan.codec],
      autoStop,
      heartbeat,
      ...BOUNDS[plan.bounds],
    });
    this.receiver.events.subscribe((event) => {
      if (event.type === 'gap') this.#onGap(event.gap);
      if (event.type === 'channel-error') this.#onRefused(event.source as Subject);
      if (event.type === 'subscribed') this.#onSubscribed(event.source as Subject);
      this.#runReactions('event');
      this.#runReactions(event.type);
    });
    this.#expected = new ExpectedDeliveries(0, this.#connectionOf, (what) =>
      this.#complain(`merged stream, ${what}`),
    );
  }

  wants(subject: Subject): boolean {
    return this.#registrations.get(keyOf(subject))?.isWanted ?? false;
  }

  /** Runs the action, if it applies, inside the next callback of this kind. */
  reactTo(where: Callback, action: ModelAction): void {
    this.#reactions.push({ where, action });
  }

  act(action: ModelAction): void {
    if (this.#state === 'ended') return;
    switch (action.do) {
      case 'leave':
        this.#leave(this.#registrations.get(keyOf(action.subject)), action.slot);
        break;
      case 'unwatch':
        this.#unwatch();
        break;
      case 'stop':
        this.#stop();
        break;
      default:
        if (this.#state === 'live') this.#actAlive(action);
    }
    this.#refresh();
  }

  /** Runs the action with a pause between unsubscribing and subscribing again. */
  async actSlowly(action: ModelAction, pause: () => Promise<void>): Promise<void> {
    if (action.do !== 'reobserve' && action.do !== 'rewatch') this.act(action);
    if (this.#state !== 'live') return;
    const resubscribe = this.#unsubscribeForNow(action);
    await pause();
    resubscribe?.();
    this.#refresh();
  }

  /** Called before a message with this number is published. */
  onPublish(number: number, target: Target): void {
    if (this.#state !== 'live' || !this.#hasRoom) return;
    for (const { subject, key, slots, isServed, isIdle, isRefused, codec } of this.#registrations.values()) {
      if (!isServed || !matches(subject, target) || isUndecodable(number, codec)) continue;
      for (const slot of slots) slot?.expected.expect(number, key);
      if (this.#isMerged && !isRefused && isIdle === false) this.#expected.expect(number, key);
    }
  }

  /**
   * Called when another ModelReceiver wants the subject. A subscription that others share may be left without a wait
   * for Redis.
   */
  onWantedByOthers(subject: Subject): void {
    const registration = this.#registrations.get(keyOf(subject));
    if (registration && this.#state === 'draining')
      this.#cancelExpected(registration, this.#simulation.arrived);
  }

  /** Reports each message that has arrived and that an observer has not received. */
  check(): void {
    const { arrived } = this.#simulation;
    for (const { slots } of this.#registrations.values())
      for (const slot of slots) slot?.expected.check(arrived);
    if (this.#watcher) this.#expected.check(arrived);
  }

  /** Returns whether every wanted subscription is acknowledged. */
  isServed(): boolean {
    return [...this.#registrations.values()].every(({ isWanted, isServed }) => isServed || !isWanted);
  }

  /** Waits again for the acknowledgements, because the connection may have been lost. */
  confirm(): void {
    for (const registration of this.#registrations.values()) {
      if (!registration.isWanted) continue;
      registration.isServed = false;
      void this.#confirm(registration);
    }
  }

  /** Requests the refused subscriptions again that the Receiver wants, now that Redis refuses none. */
  retryRefused(): void {
    if (this.#state !== 'live' || !this.#isMerged) return;
    this.act({ do: 'connect' });
    for (const registration of this.#registrations.values()) registration.isRefused = false;
  }

  async end(how: 'stop' | 'drain'): Promise<void> {
    if (this.#state === 'live') this.act({ do: how });
    await Promise.all(this.#endings);
    await this.receiver.stop();
  }

  /** Takes the remaining messages, and checks the final state. */
  checkEnd(): void {
    const { receiver } = this;
    if (this.#state !== 'ended') this.#complain('the Receiver has not ended');
    const size = receiver.channels.size + receiver.patterns.size + receiver.shards.size;
    if (size > 0) this.#complain('the Receiver still has Channels');
    this.#checkStats();
    const slot = this.#addObserver(receiver, this.#expected, () => undefined);
    this.#expectCompletion('the Receiver', [slot]);
    this.#expectCompletion('a consumer', this.#dueCompletions);
    this.#expected.check(this.#simulation.arrived);
    if (receiver.isActive)
      this.#complain('the Receiver is active, although it is stopped and its queue is empty');
    this.#checkStats();
  }

  get #hasRoom(): boolean {
    return this.#plan.bounds === 'default bounds';
  }

  get #isMerged(): boolean {
    return this.#state === 'live' && (this.#isPinned || this.#watcher !== undefined);
  }

  #actAlive(action: ModelAction): void {
    switch (action.do) {
      case 'register':
        this.#register(action.subject, action.codec);
        break;
      case 'close':
        this.#close(this.#registrations.get(keyOf(action.subject)));
        break;
      case 'observe':
        this.#wasConnectedFirst ??= false;
        this.#observe(this.#register(action.subject, undefined), action.slot);
        break;
      case 'reobserve':
      case 'rewatch':
        this.#unsubscribeForNow(action)?.();
        break;
      case 'connect':
        this.#connect();
        break;
      case 'watch':
        this.#wasConnectedFirst ??= false;
        if (!this.#watcher) this.#watch();
        break;
      case 'drain':
        this.#drain();
        break;
      case 'leave':
      case 'unwatch':
      case 'stop':
        // Handled in `act`, because they also apply to a Receiver that drains.
        break;
    }
  }

  #register(subject: Subject, codec: CodecName | undefined): Registration | undefined {
    const key = keyOf(subject);
    const existing = this.#registrations.get(key);
    const given = existing?.codec ?? this.#registering.get(key) ?? codec;
    const chosen = given ?? this.#plan.codec;
    this.#registering.set(key, chosen);
    const channel = this.receiver[subject.kind](subject.name, given ? { codec: this.#codecs[given] } : {});
    this.#registering.delete(key);
    // An event during the registration may have run a reaction that registered the same subject.
    const known = this.#registrations.get(key) ?? existing;
    if (known) {
      if (known.channel !== channel) this.#complain(`${key} is not the Channel that was registered`);
      known.isIdle = false;
      return known;
    }
    if (this.#state !== 'live') return undefined;
    if (!channel.isActive) this.#complain(`${key} is closed, although it is new`);
    const registration: Registration = {
      subject,
      key,
      channel,
      codec: chosen,
      slots: [undefined, undefined],
      isWanted: false,
      isServed: false,
      generation: 0,
      isIdle: false,
      isRefused: false,
      leftAt: undefined,
    };
    this.#registrations.set(key, registration);
    return registration;
  }

  #close(registration: Registration | undefined): void {
    if (!registration) return;
    const { key, channel } = registration;
    // During the grace period, the model cannot tell whether the Receiver stops with its last Channel.
    if (this.#plan.autoStop && this.#isLeaving) return;
    const { channels, patterns, shards } = this.receiver;
    const registered = [channels, patterns, shards].flatMap((map) => [...map.values()]);
    const isOnly = registered.length === 1 && registered[0] === channel;
    this.#registrations.delete(key);
    this.#cancelExpected(registration, this.#simulation.arrived);
    this.#unwant(registration);
    const isLast = this.#plan.autoStop && isOnly && this.#isMerged;
    if (isLast) this.#onEnd();
    this.#endings.push(channel.close());
    this.#expectClosed(registration);
    if (!isLast) return;
    this.#endings.push(this.receiver.stop());
    this.#expectEnd();
  }

  #observe(registration: Registration | undefined, index: 0 | 1): void {
    if (!registration || registration.slots[index]) return;
    const since = Math.min(this.#simulation.arrived, registration.leftAt ?? Infinity);
    const expected = new ExpectedDeliveries(since, this.#connectionOf, (what) =>
      this.#complain(`own observer, ${what}`),
    );
    this.#addObserver(registration.channel, expected, (slot) => {
      registration.slots[index] = slot;
      registration.isIdle = false;
    });
  }

  #leave(registration: Registration | undefined, index: 0 | 1): void {
    const slot = registration?.slots[index];
    if (!registration || !slot) return;
    registration.slots[index] = undefined;
    registration.leftAt ??= this.#simulation.arrived;
    if (!this.#isMerged && !registration.slots.some(Boolean))
      registration.isIdle = this.#isLeaving ? 'maybe' : true;
    slot.subscription.unsubscribe();
  }

  #connect(): void {
    this.#wasConnectedFirst ??= true;
    this.#keepIdleChannels();
    this.#isPinned = true;
    this.receiver.connect().catch((error: unknown) => {
      if (this.#state === 'live' && !this.#isRefusal(error)) this.#complain(`connect: ${String(error)}`);
    });
  }

  /** Keeps the Channels registered that were left during the grace period of the Receiver. */
  #keepIdleChannels(): void {
    if (!this.#isLeaving) return;
    this.#isLeaving = false;
    for (const registration of this.#registrations.values())
      if (registration.isIdle === 'maybe') registration.isIdle = false;
  }

  #watch(): void {
    this.#keepIdleChannels();
    this.#addObserver(this.receiver, this.#expected, (slot) => (this.#watcher = slot));
  }

  #unwatch(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.subscription.unsubscribe();
    if (this.#isMerged || !watcher) return;
    this.#expected.cancelAfter(this.#simulation.arrived);
    this.#isLeaving = true;
    // The Receiver's grace period is over before this callback, which is scheduled later, runs.
    asyncScheduler.schedule(() => {
      if (!this.#isLeaving || this.#watcher) return;
      this.#isLeaving = false;
      for (const registration of this.#registrations.values())
        if (registration.isIdle === 'maybe') registration.isIdle = true;
    });
  }

  /** Unsubscribes an observer, and returns a function that subscribes it again. */
  #unsubscribeForNow(action: ModelAction): (() => void) | undefined {
    if (action.do === 'rewatch') {
      const watcher = this.#watcher;
      if (!watcher) return undefined;
      watcher.isResubscribing = true;
      watcher.subscription.unsubscribe();
      return () => {
        if (this.#watcher === watcher && this.#state === 'live') this.#watch();
      };
    }
    if (action.do !== 'reobserve') return undefined;
    const registration = this.#registrations.get(keyOf(action.subject));
    const slot = registration?.slots[action.slot];
    if (!registration || !slot) return undefined;
    slot.isResubscribing = true;
    // An observer that subscribes again during the delivery of a message does not receive it.
    if (this.#current !== undefined) slot.expected.cancel(this.#current, registration.key);
    slot.subscription.unsubscribe();
    return () => {
      if (
        registration.slots[action.slot] !== slot ||
        this.#registrations.get(registration.key) !== registration
      )
        return;
      this.#addObserver(
        registration.channel,
        slot.expected,
        (next) => (registration.slots[action.slot] = next),
      );
    };
  }

  #stop(): void {
    this.#onEnd();
    this.#endings.push(this.receiver.stop());
    this.#expectEnd();
  }

  #drain(): void {
    this.#state = 'draining';
    const { arrived, published } = this.#simulation;
    for (const registration of this.#registrations.values()) {
      // Messages published before `drain()` arrive before the acknowledgement. The Receiver does not wait for them if
      // others share the subscription, and does not report the ones that an outage has lost.
      const isAwaited = registration.isServed && this.#simulation.hasNoFaults;
      this.#cancelExpected(registration, isAwaited ? published : arrived);
      this.#unwant(registration);
    }
    const done = this.receiver.drain().then(() => {
      if (this.#state !== 'draining') return;
      for (const { slots } of this.#registrations.values())
        for (const slot of slots) slot?.expected.check(published);
      if (this.#watcher) this.#expected.check(published);
      this.#onEnd(published);
      this.#expectEnd();
    });
    this.#endings.push(done);
  }

  #onEnd(upTo = this.#simulation.arrived): void {
    this.#state = 'ended';
    this.#expected.cancelAfter(upTo);
    for (const registration of this.#registrations.values()) this.#unwant(registration);
  }

  #expectEnd(): void {
    this.#expectCompletion('the Receiver', [this.#watcher]);
    this.#watcher = undefined;
    for (const registration of this.#registrations.values()) this.#expectClosed(registration);
    this.#registrations.clear();
  }

  #expectClosed({ key, slots, channel }: Registration): void {
    if (channel.isActive && this.#runningEndCallbacks === 0) this.#complain(`${key} is not closed`);
    this.#expectCompletion(key, slots);
  }

  #expectCompletion(what: string, slots: readonly (ObserverSlot | undefined)[]): void {
    for (const slot of slots) {
      if (!slot || slot.isResubscribing || slot.isComplete) continue;
      if (this.#runningEndCallbacks > 0) this.#dueCompletions.push(slot);
      else this.#complain(`${what} did not complete`);
    }
  }

  #cancelExpected({ key, slots }: Registration, upTo: number): void {
    this.#expected.cancelAfter(upTo, key);
    for (const slot of slots) slot?.expected.cancelAfter(upTo);
  }

  #unwant(registration: Registration): void {
    registration.isWanted = registration.isServed = false;
    registration.generation++;
  }

  #refresh(): void {
    if (this.#state !== 'live') return;
    for (const registration of this.#registrations.values()) {
      const isWanted = (this.#isMerged && registration.isIdle === false) || registration.slots.some(Boolean);
      if (isWanted === registration.isWanted) continue;
      this.#unwant(registration);
      if (!isWanted) continue;
      registration.isWanted = true;
      this.#simulation.onWanted(registration.subject, this);
      void this.#confirm(registration);
    }
  }

  async #confirm(registration: Registration): Promise<void> {
    const { generation, key, channel } = registration;
    try {
      await channel.whenSubscribed();
      if (registration.generation === generation) registration.isServed = true;
    } catch (error) {
      if (registration.generation === generation && !this.#isRefusal(error))
        this.#complain(`${key}: ${String(error)}`);
    }
  }

  /** Adds an observer; `store` gets the slot before the first message can arrive. */
  #addObserver(
    source: Observable<Message<Payload>>,
    expected: ExpectedDeliveries,
    store: (slot: ObserverSlot) => void,
  ): ObserverSlot {
    const slot: ObserverSlot = {
      expected,
      subscription: Subscription.EMPTY,
      isResubscribing: false,
      isComplete: false,
    };
    const observed = source.pipe(
      tap({ error: (error: unknown) => this.#onError(error) }),
      retryRecoverable(),
    );
    const announced = new Observable((subscriber: Subscriber<Message<Payload>>) => {
      slot.subscription = subscriber;
      store(slot);
      return observed.subscribe(subscriber);
    });
    announced.subscribe({
      next: (message) => this.#onMessage(message, expected),
      complete: () => {
        slot.isComplete = true;
        this.#runningEndCallbacks++;
        this.#runReactions('completion');
        this.#runningEndCallbacks--;
      },
    });
    return slot;
  }

  #onMessage({ source, channel, pattern, data }: Message<Payload>, expected: ExpectedDeliveries): void {
    const number = Number(data);
    const target = this.#simulation.targets[number - 1];
    const glob = source.isPattern ? source.name : undefined;
    if (!target || !matches(source, target) || channel !== target.name || pattern !== glob) {
      this.#complain(
        `${keyOf(source)}: ${String(data)} on ${JSON.stringify(channel)} does not match the subscription`,
      );
    }
    expected.receive(number, keyOf(source));
    const outer = this.#current;
    this.#current = number;
    this.#runReactions('message');
    this.#current = outer;
  }

  #onError(error: unknown): void {
    const { code } = error as { readonly code?: string };
    const isExpected =
      code === 'ERR_DECODE' || (code === 'ERR_BUFFER_OVERFLOW' && !this.#hasRoom) || this.#isRefusal(error);
    if (!isExpected) this.#complain(String(error));
    this.#runningEndCallbacks++;
    this.#runReactions('error');
    this.#runningEndCallbacks--;
  }

  #isRefusal(error: unknown): boolean {
    return this.#simulation.mayRefuse && (error as { readonly code?: string }).code === 'ERR_SUBSCRIBE';
  }

  /** Cancels the expected messages that have not arrived: the `channel-error` event reports that they will not. */
  #onRefused(source: Subject): void {
    const registration = this.#registrations.get(keyOf(source));
    this.#wasConnectedFirst = false;
    if (!registration) return;
    this.#cancelExpected(registration, this.#simulation.arrived);
    registration.isRefused = true;
    registration.isServed = false;
    registration.generation++;
  }

  #onSubscribed(source: Subject): void {
    const registration = this.#registrations.get(keyOf(source));
    if (!registration?.isRefused || !registration.isWanted || registration.isServed) return;
    registration.generation++;
    void this.#confirm(registration);
  }

  /**
   * Accepts that messages sent before the end of a gap are missing on its Channels. The beginning of the gap is no
   * bound: it is the time of the last message before, and a missing message may have been under way by then.
   */
  #onGap({ cause, since, until, channels }: Gap): void {
    if (since > until) this.#complain(`a gap from ${String(since)} to ${String(until)}`);
    if (cause !== 'reconnect') return;
    const isInside = (number: number) => this.#simulation.sentAt(number) <= until;
    for (const channel of channels) {
      const key = keyOf(channel);
      if (!this.#simulation.mayLack(channel as Subject))
        this.#complain(`a gap of ${key}, although no messages can be missing`);
      this.#expected.cancelWhere(key, isInside);
      for (const slot of this.#registrations.get(key)?.slots ?? []) slot?.expected.cancelWhere(key, isInside);
    }
  }

  #runReactions(where: string): void {
    const index = this.#reactions.findIndex((reaction) => reaction.where === where);
    if (index < 0) return;
    for (const { action } of this.#reactions.splice(index, 1)) this.act(action);
  }

  #checkStats(): void {
    const { received, delivered, buffered, dropped, undecodable } = this.receiver.stats;
    if (this.#wasConnectedFirst !== true || received === delivered + buffered + dropped + undecodable) return;
    const counts = { received, delivered, buffered, dropped, undecodable };
    this.#complain(`the stats do not add up: ${JSON.stringify(counts)}`);
  }

  #complain(what: string): void {
    this.#simulation.complain(what);
  }
}
