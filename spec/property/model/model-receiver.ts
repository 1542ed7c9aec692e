import { asyncScheduler, Observable, Subscription, tap, type Subscriber } from 'rxjs';
import type { Channel } from '../../../lib/channel.js';
import type { Gap, ReceiverEvent } from '../../../lib/channel.js';
import type { Message } from '../../../lib/channel.js';
import { retryRecoverable } from '../../../lib/operators/retry-recoverable.js';
import { Receiver } from '../../../lib/receiver/receiver.js';
import { BOUNDS, codecsOf, type CodecName, isUndecodable, type Payload } from './codecs.js';
import { ExpectedDeliveries } from './expected-deliveries.js';
import type { RedisUnderTest } from './redis-under-test.js';
import { hears, keyOf, type Subject, type Target } from './subjects.js';

/** What the parties know of what is published, and of one another. */
export interface Notices {
  /** Where each number was published, from 1. */
  readonly targets: readonly Target[];
  /** All up to this number have been published. */
  readonly published: number;
  /** All up to this number have come to the client. */
  readonly arrived: number;
  /** Nothing happens to the connection, nor to its subscriptions: what comes can be told exactly. */
  readonly isCalm: boolean;
  /** Redis may refuse a subscription. */
  readonly mayRefuse: boolean;
  /** When a number was sent to Redis. */
  sentAt(number: number): number;
  /** Whether messages of this subject may be missing. */
  mayLack(subject: Subject): boolean;
  complain(what: string): void;
  /** What comes over one connection comes in order: names the connection of a subject's key. */
  connectionOf(key: string): string;
  /** This party has come to want this. */
  onWanted(subject: Subject, receiver: ModelReceiver): void;
  /** Whether another than this party may want it: one that has just left does for a moment. */
  isShared(subject: Subject, receiver: ModelReceiver): boolean;
}

export interface Plan {
  readonly codec: CodecName;
  readonly bounds: keyof typeof BOUNDS;
  readonly autoStop: boolean;
}

/** `re…` is to leave and to come back at once. */
export type ModelAction =
  | { readonly do: 'register'; readonly subject: Subject; readonly codec: CodecName | undefined }
  | { readonly do: 'close'; readonly subject: Subject }
  | { readonly do: 'observe' | 'leave' | 'reobserve'; readonly subject: Subject; readonly slot: 0 | 1 }
  | { readonly do: 'connect' | 'watch' | 'unwatch' | 'rewatch' | 'stop' | 'drain' };

/**
 * The code of a user that is called back: for a message, a completion or an error of an observer, by a codec that decodes, and
 * for an event of the Receiver, of any type or of one. A `retry` comes of `Receiver.open` alone.
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

/** One who observes a Channel, or the Receiver. */
interface ObserverSlot {
  readonly expected: ExpectedDeliveries;
  subscription: Subscription;
  /** It has left, and comes back in a moment. */
  isAway: boolean;
  isComplete: boolean;
}

interface Registration {
  readonly subject: Subject;
  readonly key: string;
  readonly channel: Channel<Payload>;
  readonly codec: CodecName;
  readonly slots: [ObserverSlot | undefined, ObserverSlot | undefined];
  isWanted: boolean;
  /** What is published now comes. */
  isServed: boolean;
  /** Counts the stretches in which it is wanted. */
  era: number;
  /**
   * Whether it is forgotten, or about to be, because its last observer has left a Receiver that is not connected; `'maybe'`
   * while that may still be.
   */
  isIdle: boolean | 'maybe';
  /** Set since Redis has refused it: the Receiver does not want it any more. */
  isRefused: boolean;
  /** What had arrived when an observer left: what came after that may wait for the next. */
  leftAt: number | undefined;
}

/** One Receiver beside a plain model of it: what it wants, and what its consumers must hear. */
export class ModelReceiver {
  readonly receiver: Receiver<Payload>;
  readonly #plan: Plan;
  readonly #codecs = codecsOf(() => this.#springAmbush('decode'));
  readonly #notices: Notices;
  readonly #registrations = new Map<string, Registration>();
  /** The codecs of those that the Receiver is being asked for: it may tell of them before it returns. */
  readonly #registering = new Map<string, CodecName>();
  /** Of the merged stream: whoever takes it, all comes once. */
  readonly #expected: ExpectedDeliveries;
  readonly #ambushes: { readonly where: Callback; readonly action: ModelAction }[] = [];
  readonly #endings: Promise<unknown>[] = [];
  #state: 'live' | 'draining' | 'ended' = 'live';
  #isPinned = false;
  /** The watcher has left, and the Receiver may still be connected for a moment. */
  #isLeaving = false;
  /** Whether it was connected before anything came. */
  #wasConnectedFirst: boolean | undefined;
  #watcher: ObserverSlot | undefined;
  /** The message that is being handed to somebody. */
  #current: number | undefined;
  readonly #connectionOf = (key: string): string => this.#notices.connectionOf(key);
  /** How many completions and errors are being told: until they are, others may not have come to their turn. */
  #ending = 0;
  /** They have to complete a little later. */
  readonly #owed: ObserverSlot[] = [];

  constructor(
    { client, heartbeat }: Pick<RedisUnderTest, 'client' | 'heartbeat'>,
    plan: Plan,
    notices: Notices,
  ) {
    this.#plan = plan;
    this.#notices = notices;
    const { autoStop } = plan;
    this.receiver = new Receiver<Payload>(client, {
      codec: this.#codecs[plan.codec],
      autoStop,
      heartbeat,
      ...BOUNDS[plan.bounds],
    });
    this.receiver.events.subscribe((event) => {
      if (event.type === 'gap') this.#onGap(event.gap);
      if (event.type === 'channel-error') this.#onRefused(event.source);
      if (event.type === 'subscribed') this.#onSubscribed(event.source);
      this.#springAmbush('event');
      if (event.type !== 'retry') this.#springAmbush(event.type);
    });
    this.#expected = new ExpectedDeliveries(0, this.#connectionOf, (what) =>
      this.#complain(`merged, ${what}`),
    );
  }

  wants(subject: Subject): boolean {
    return this.#registrations.get(keyOf(subject))?.isWanted ?? false;
  }

  /** Does the action, where it makes sense, inside the next callback of this kind. */
  lieInWait(where: Callback, action: ModelAction): void {
    this.#ambushes.push({ where, action });
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

  /** Does the action with a pause between leaving and coming back. */
  async actSlowly(action: ModelAction, pause: () => Promise<void>): Promise<void> {
    if (action.do !== 'reobserve' && action.do !== 'rewatch') this.act(action);
    if (this.#state !== 'live') return;
    const comeBack = this.#rise(action);
    await pause();
    comeBack?.();
    this.#refresh();
  }

  /** A message with this number is about to be published. */
  onPublish(number: number, target: Target): void {
    if (this.#state !== 'live' || !this.#isRoomy) return;
    for (const { subject, key, slots, isServed, isIdle, isRefused, codec } of this.#registrations.values()) {
      if (!isServed || !hears(subject, target) || isUndecodable(number, codec)) continue;
      for (const slot of slots) slot?.expected.expect(number, key);
      if (this.#isMerged && !isRefused && isIdle === false) this.#expected.expect(number, key);
    }
  }

  /** Others share a subscription that this one may be about to give up: it does not wait for Redis any more. */
  onWantedByOthers(subject: Subject): void {
    const registration = this.#registrations.get(keyOf(subject));
    if (registration && this.#state === 'draining') this.#forgive(registration, this.#notices.arrived);
  }

  /** What has arrived must have been heard by those who listen. */
  check(): void {
    const { arrived } = this.#notices;
    for (const { slots } of this.#registrations.values())
      for (const slot of slots) slot?.expected.check(arrived);
    if (this.#watcher) this.#expected.check(arrived);
  }

  /** Whether everything that is wanted is acknowledged. */
  isServed(): boolean {
    return [...this.#registrations.values()].every(({ isWanted, isServed }) => isServed || !isWanted);
  }

  /** Asks again what is acknowledged, for one that may have lost its connection. */
  confirm(): void {
    for (const registration of this.#registrations.values()) {
      if (!registration.isWanted) continue;
      registration.isServed = false;
      void this.#confirm(registration);
    }
  }

  /** Redis refuses nothing any more: asks for what the Receiver wants, and has been refused. */
  askAgain(): void {
    if (this.#state !== 'live' || !this.#isMerged) return;
    this.act({ do: 'connect' });
    for (const registration of this.#registrations.values()) registration.isRefused = false;
  }

  async end(how: 'stop' | 'drain'): Promise<void> {
    if (this.#state === 'live') this.act({ do: how });
    await Promise.all(this.#endings);
    await this.receiver.stop();
  }

  /** Takes what is left, and looks at what must be true in the end. */
  inspectRemains(): void {
    const { receiver } = this;
    if (this.#state !== 'ended') this.#complain('it did not end');
    const size = receiver.channels.size + receiver.patterns.size + receiver.shards.size;
    if (size > 0) this.#complain('it still has channels');
    this.#checkStats();
    const slot = this.#sit(receiver, this.#expected, () => undefined);
    this.#expectCompletion('the Receiver', [slot]);
    this.#expectCompletion('a consumer', this.#owed);
    this.#expected.check(this.#notices.arrived);
    if (receiver.isActive) this.#complain('it is exhausted, and active');
    this.#checkStats();
  }

  get #isRoomy(): boolean {
    return this.#plan.bounds === 'roomy';
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
        this.#rise(action)?.();
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
        // These make sense for others, too.
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
    // The receiver may have told of it already, and an ambush may have used it.
    const known = this.#registrations.get(key) ?? existing;
    if (known) {
      if (known.channel !== channel) this.#complain(`${key} is another Channel`);
      known.isIdle = false;
      return known;
    }
    if (this.#state !== 'live') return undefined;
    if (!channel.isActive) this.#complain(`${key} is new, and closed`);
    const registration: Registration = {
      subject,
      key,
      channel,
      codec: chosen,
      slots: [undefined, undefined],
      isWanted: false,
      isServed: false,
      era: 0,
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
    // The Receiver would or would not stop: that is for it to decide.
    if (this.#plan.autoStop && this.#isLeaving) return;
    const { channels, patterns, shards } = this.receiver;
    const registered = [channels, patterns, shards].flatMap((map) => [...map.values()]);
    const isOnly = registered.length === 1 && registered[0] === channel;
    this.#registrations.delete(key);
    this.#forgive(registration, this.#notices.arrived);
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
    const since = Math.min(this.#notices.arrived, registration.leftAt ?? Infinity);
    const expected = new ExpectedDeliveries(since, this.#connectionOf, (what) =>
      this.#complain(`own, ${what}`),
    );
    this.#sit(registration.channel, expected, (slot) => {
      registration.slots[index] = slot;
      registration.isIdle = false;
    });
  }

  #leave(registration: Registration | undefined, index: 0 | 1): void {
    const slot = registration?.slots[index];
    if (!registration || !slot) return;
    registration.slots[index] = undefined;
    registration.leftAt ??= this.#notices.arrived;
    if (!this.#isMerged && !registration.slots.some(Boolean))
      registration.isIdle = this.#isLeaving ? 'maybe' : true;
    slot.subscription.unsubscribe();
  }

  #connect(): void {
    this.#wasConnectedFirst ??= true;
    this.#stay();
    this.#isPinned = true;
    this.receiver.connect().catch((error: unknown) => {
      if (this.#state === 'live' && !this.#isRefusal(error)) this.#complain(`connect: ${String(error)}`);
    });
  }

  /** What was left while the Receiver was still connected stays registered. */
  #stay(): void {
    if (!this.#isLeaving) return;
    this.#isLeaving = false;
    for (const registration of this.#registrations.values())
      if (registration.isIdle === 'maybe') registration.isIdle = false;
  }

  #watch(): void {
    this.#stay();
    this.#sit(this.receiver, this.#expected, (slot) => (this.#watcher = slot));
  }

  #unwatch(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.subscription.unsubscribe();
    if (this.#isMerged || !watcher) return;
    this.#expected.forgiveAfter(this.#notices.arrived);
    this.#isLeaving = true;
    // Behind the moment in which the Receiver waits for somebody to come back.
    asyncScheduler.schedule(() => {
      if (!this.#isLeaving || this.#watcher) return;
      this.#isLeaving = false;
      for (const registration of this.#registrations.values())
        if (registration.isIdle === 'maybe') registration.isIdle = true;
    });
  }

  /** Leaves, and returns what comes back. */
  #rise(action: ModelAction): (() => void) | undefined {
    if (action.do === 'rewatch') {
      const watcher = this.#watcher;
      if (!watcher) return undefined;
      watcher.isAway = true;
      watcher.subscription.unsubscribe();
      return () => {
        if (this.#watcher === watcher && this.#state === 'live') this.#watch();
      };
    }
    if (action.do !== 'reobserve') return undefined;
    const registration = this.#registrations.get(keyOf(action.subject));
    const slot = registration?.slots[action.slot];
    if (!registration || !slot) return undefined;
    slot.isAway = true;
    // One that comes back while others get a message has come too late for it.
    if (this.#current !== undefined) slot.expected.forgive(this.#current, registration.key);
    slot.subscription.unsubscribe();
    return () => {
      if (
        registration.slots[action.slot] !== slot ||
        this.#registrations.get(registration.key) !== registration
      )
        return;
      this.#sit(registration.channel, slot.expected, (next) => (registration.slots[action.slot] = next));
    };
  }

  #stop(): void {
    this.#onEnd();
    this.#endings.push(this.receiver.stop());
    this.#expectEnd();
  }

  #drain(): void {
    this.#state = 'draining';
    const { arrived, published } = this.#notices;
    for (const registration of this.#registrations.values()) {
      // What was published before comes before the acknowledgement; nobody waits for that if others stay, nor tells what an
      // outage has taken.
      const isAwaited = registration.isServed && this.#notices.isCalm;
      this.#forgive(registration, isAwaited ? published : arrived);
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

  #onEnd(upTo = this.#notices.arrived): void {
    this.#state = 'ended';
    this.#expected.forgiveAfter(upTo);
    for (const registration of this.#registrations.values()) this.#unwant(registration);
  }

  #expectEnd(): void {
    this.#expectCompletion('the Receiver', [this.#watcher]);
    this.#watcher = undefined;
    for (const registration of this.#registrations.values()) this.#expectClosed(registration);
    this.#registrations.clear();
  }

  #expectClosed({ key, slots, channel }: Registration): void {
    if (channel.isActive && this.#ending === 0) this.#complain(`${key} is not closed`);
    this.#expectCompletion(key, slots);
  }

  #expectCompletion(what: string, slots: readonly (ObserverSlot | undefined)[]): void {
    for (const slot of slots) {
      if (!slot || slot.isAway || slot.isComplete) continue;
      if (this.#ending > 0) this.#owed.push(slot);
      else this.#complain(`${what} did not complete`);
    }
  }

  #forgive({ key, slots }: Registration, upTo: number): void {
    this.#expected.forgiveAfter(upTo, key);
    for (const slot of slots) slot?.expected.forgiveAfter(upTo);
  }

  #unwant(registration: Registration): void {
    registration.isWanted = registration.isServed = false;
    registration.era++;
  }

  #refresh(): void {
    if (this.#state !== 'live') return;
    for (const registration of this.#registrations.values()) {
      const isWanted = (this.#isMerged && registration.isIdle === false) || registration.slots.some(Boolean);
      if (isWanted === registration.isWanted) continue;
      this.#unwant(registration);
      if (!isWanted) continue;
      registration.isWanted = true;
      this.#notices.onWanted(registration.subject, this);
      void this.#confirm(registration);
    }
  }

  async #confirm(registration: Registration): Promise<void> {
    const { era, key, channel } = registration;
    try {
      await channel.whenSubscribed();
      if (registration.era === era) registration.isServed = true;
    } catch (error) {
      if (registration.era === era && !this.#isRefusal(error)) this.#complain(`${key}: ${String(error)}`);
    }
  }

  /** Observes; `place` hears of it before anything can come. */
  #sit(
    source: Observable<Message<Payload>>,
    expected: ExpectedDeliveries,
    place: (slot: ObserverSlot) => void,
  ): ObserverSlot {
    const slot: ObserverSlot = {
      expected,
      subscription: Subscription.EMPTY,
      isAway: false,
      isComplete: false,
    };
    const observed = source.pipe(
      tap({ error: (error: unknown) => this.#onError(error) }),
      retryRecoverable(),
    );
    const announced = new Observable((subscriber: Subscriber<Message<Payload>>) => {
      slot.subscription = subscriber;
      place(slot);
      return observed.subscribe(subscriber);
    });
    announced.subscribe({
      next: (message) => this.#onMessage(message, expected),
      complete: () => {
        slot.isComplete = true;
        this.#ending++;
        this.#springAmbush('completion');
        this.#ending--;
      },
    });
    return slot;
  }

  #onMessage({ source, channel, pattern, data }: Message<Payload>, expected: ExpectedDeliveries): void {
    const number = Number(data);
    const target = this.#notices.targets[number - 1];
    const glob = source.isPattern ? source.name : undefined;
    if (!target || !hears(source, target) || channel !== target.name || pattern !== glob) {
      this.#complain(`${keyOf(source)}: ${String(data)} on ${JSON.stringify(channel)} was not for it`);
    }
    expected.hear(number, keyOf(source));
    const outer = this.#current;
    this.#current = number;
    this.#springAmbush('message');
    this.#current = outer;
  }

  #onError(error: unknown): void {
    const { code } = error as { readonly code?: string };
    const isExpected =
      code === 'ERR_DECODE' || (code === 'ERR_BUFFER_OVERFLOW' && !this.#isRoomy) || this.#isRefusal(error);
    if (!isExpected) this.#complain(String(error));
    this.#ending++;
    this.#springAmbush('error');
    this.#ending--;
  }

  #isRefusal(error: unknown): boolean {
    return this.#notices.mayRefuse && (error as { readonly code?: string }).code === 'ERR_SUBSCRIBE';
  }

  /** What has not come by now does not come, and is told by that; the Receiver was not connected throughout. */
  #onRefused(source: Subject): void {
    const registration = this.#registrations.get(keyOf(source));
    this.#wasConnectedFirst = false;
    if (!registration) return;
    this.#forgive(registration, this.#notices.arrived);
    registration.isRefused = true;
    registration.isServed = false;
    registration.era++;
  }

  #onSubscribed(source: Subject): void {
    const registration = this.#registrations.get(keyOf(source));
    if (!registration?.isRefused || !registration.isWanted || registration.isServed) return;
    registration.era++;
    void this.#confirm(registration);
  }

  /**
   * What was sent before the end of a gap may be missing on its Channels, and nothing else. The beginning says nothing of that:
   * it is when something was last heard, and what is missing may have been on its way by then.
   */
  #onGap({ cause, since, until, channels }: Gap): void {
    if (since > until) this.#complain(`a gap from ${String(since)} to ${String(until)}`);
    if (cause !== 'reconnect') return;
    const isInside = (number: number) => this.#notices.sentAt(number) <= until;
    for (const channel of channels) {
      const key = keyOf(channel);
      if (!this.#notices.mayLack(channel)) this.#complain(`a gap of ${key} for nothing`);
      this.#expected.excuse(key, isInside);
      for (const slot of this.#registrations.get(key)?.slots ?? []) slot?.expected.excuse(key, isInside);
    }
  }

  #springAmbush(where: Callback): void {
    const index = this.#ambushes.findIndex((ambush) => ambush.where === where);
    if (index < 0) return;
    for (const { action } of this.#ambushes.splice(index, 1)) this.act(action);
  }

  #checkStats(): void {
    const { received, delivered, buffered, dropped, undecodable } = this.receiver.stats;
    if (this.#wasConnectedFirst !== true || received === delivered + buffered + dropped + undecodable) return;
    const counts = { received, delivered, buffered, dropped, undecodable };
    this.#complain(`the stats do not add up: ${JSON.stringify(counts)}`);
  }

  #complain(what: string): void {
    this.#notices.complain(what);
  }
}
