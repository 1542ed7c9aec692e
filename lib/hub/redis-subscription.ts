import type { ChannelKind } from '../channel-kind.js';
import type { Message } from '../channel.js';
import { tell } from '../outbox.js';
import type { ClientListener } from './client.js';
import type { HubListener, Leave, FastPath } from './hub-listener.js';
import { countOf, includes, joined, NOBODY, snapshot, without, type ListenerList } from './listener-list.js';
import { ENDED, OFF, ON, STRANDED, SUBSCRIBING_TEXT, type SubscriptionState } from './subscription-state.js';

/** What a subscription needs of its hub. */
export interface SubscriptionHost {
  /** Whether a command sent now goes out at once. */
  readonly isOnline: boolean;
  /** Whether there is no connection at all, not even one that is being set up. */
  readonly isOffline: boolean;
  readonly commands: {
    /** Asks for an operation. `'resubscribe'`: the client may believe that it has the name, and has to ask Redis all the same. */
    request(
      verb: 'subscribe' | 'resubscribe' | 'unsubscribe',
      subscription: RedisSubscription,
      binary: boolean,
    ): void;
    /** Calls back once everything has come that Redis has sent by now, or none of it can come any more. */
    fence(onPassed: () => void): void;
  };
  readonly clientListeners: {
    /** Returns whether the client has listeners of this name that are not ours. */
    isShared(subscription: RedisSubscription): boolean;
    /** Removes our listeners from the client's registry without a command; false where the client has none. */
    forget(subscription: RedisSubscription): boolean;
  };
  readonly refusals: {
    /** Returns whether Redis may be asked now; if not, `reconcile` is called when it may. */
    allows(subscription: RedisSubscription): boolean;
    add(subscription: RedisSubscription): void;
    remove(subscription: RedisSubscription): void;
  };
  readonly retries: {
    /** Calls `reconcile` after a pause: the operation died though the connection looks alive. */
    later(subscription: RedisSubscription, failures: number): void;
  };
  readonly outages: {
    /** Notes that a listener is served, or is not waited for any more. */
    settle(listener: HubListener, as: 'served' | 'gone'): void;
  };
  /** Returns whether the error came from Redis, and not from a connection that died. */
  isRefusal(error: unknown): boolean;
  /** Nothing is left of it. */
  remove(subscription: RedisSubscription): void;
}

type RawSource = Message<string | Buffer>['source'];

/**
 * One name of one kind on one client: what its listeners want, what Redis has, and at most one operation in flight to
 * bring the two together. Concurrent operations on one name lose subscriptions inside node-redis.
 */
export class RedisSubscription {
  // First, because there may be very many subscriptions, and a message should find what it needs in one line of the cache.
  #state: SubscriptionState = OFF;
  /** The mode whose messages count; a subscription that changes to binary carries both for a moment. */
  #binary = false;
  /** Of the fast path, while there is one to take: while Redis has it, and one listener alone hears it. */
  #source: RawSource | undefined = undefined;
  #stream: FastPath['stream'] | undefined = undefined;
  #isDecoded = false;
  readonly kind: ChannelKind;
  readonly name: string;

  /** What the client calls for this subscription alone, in either mode: of its `Listeners`, who make them when they are needed. */
  textListener: ClientListener | undefined = undefined;
  bufferListener: ClientListener | undefined = undefined;
  /** The operation in flight: only its outcome counts. */
  request: object | undefined = undefined;
  readonly #host: SubscriptionHost;
  #failures = 0;
  /** The SUBSCRIBE in flight proves nothing: its connection has died since, or other code has unsubscribed the name. */
  #isOutlived = false;
  #wanting: ListenerList = NOBODY;
  /** Number of listeners that want Buffers. */
  #binaryCount = 0;
  #leaving: ListenerList = NOBODY;
  /** Draining listeners of a name that others still use: they hear on until the fence has passed. */
  #draining: ListenerList = NOBODY;
  /** Everyone who hears, made anew for the first message after a change, so that a delivery under way is not disturbed. */
  #audience: readonly HubListener[] | undefined = NOBODY;
  /** The modes in which the client may have a listener of ours. */
  #isText = false;
  #isBinary = false;

  constructor(host: SubscriptionHost, kind: ChannelKind, name: string) {
    this.#host = host;
    this.kind = kind;
    this.name = name;
  }

  get listeners(): readonly HubListener[] {
    return snapshot(this.#wanting);
  }

  /** Whether what is published now comes. */
  get isLive(): boolean {
    const state = this.#state;
    return state.at === 'on' || ((state.at === 'subscribing' || state.at === 'unsubscribing') && state.live);
  }

  /** True where Redis has the name, and no operation is in flight. */
  get isSettled(): boolean {
    return this.#state === ON;
  }

  attach(listener: HubListener): void {
    // It would hear what comes before the UNSUBSCRIBE and miss what comes until the name is back.
    if (this.#isClosing && includes(this.#leaving, listener)) tell(() => listener.onReplaced());
    this.#leaving = without(this.#leaving, listener);
    this.#want(listener);
    this.#onListenersChanged();
    if (this.#serves(listener)) tell(() => listener.onSubscribed());
    this.reconcile();
  }

  /** The listener hears on until its `onReleased`. */
  detach(listener: HubListener, leave: Leave): void {
    if (!includes(this.#wanting, listener)) return;
    this.#unwant(listener);
    const isDraining = leave === 'draining' && this.isLive && this.#host.isOnline;
    // Nobody will UNSUBSCRIBE on its account: another command has to tell when all has come.
    const needsFence =
      isDraining && (countOf(this.#wanting) > 0 || this.#host.clientListeners.isShared(this));
    if (needsFence) {
      this.#draining = joined(this.#draining, listener);
      this.#host.commands.fence(() => {
        this.#releaseDrained([listener]);
        this.reconcile();
      });
    } else {
      this.#leaving = joined(this.#leaving, listener);
    }
    this.#onListenersChanged();
    this.#host.outages.settle(listener, 'gone');
    this.reconcile();
  }

  /** Whether messages of this mode count: to ask when one comes, not when one that was held is delivered. */
  counts(binary: boolean): boolean {
    return binary === this.#binary && this.#state !== OFF && this.#state !== ENDED;
  }

  /** Takes a message that comes now for the acknowledgement: in the same chunk, its promise resolves only afterwards. */
  noteArrival(): void {
    const state = this.#state;
    if (state.at !== 'subscribing' || state.live) return;
    this.#become({ ...state, live: true });
    this.#announce();
  }

  /** Hands a text that comes now to the one stream that hears it; false where it takes more than that. */
  deliverByFastPath(data: string | Buffer, channel: string): boolean {
    const source = this.#source;
    if (source === undefined) return false;
    const raw =
      this.kind === 'pattern' ? { source, channel, pattern: this.name, data } : { source, channel, data };
    this.#stream?.accept(raw, this.#isDecoded);
    return true;
  }

  /** Its listener's fast path may be another. */
  updateFastPath(): void {
    if (this.#state !== ON || this.#binary) {
      this.#source = undefined;
      return;
    }
    const only = this.#isHeardByOne() ? this.#hearing[0] : undefined;
    const fastPath = only?.binary === false ? only.fastPath : undefined;
    this.#source = fastPath?.channel as RawSource | undefined;
    this.#stream = fastPath?.stream;
    this.#isDecoded = fastPath?.isIdentity === true;
  }

  deliver(data: string | Buffer, channel: string, binary: boolean, rawChannel: Buffer | undefined): void {
    const audience = this.#hearing;
    for (let i = 0; i < audience.length; i++) {
      const listener = audience[i] as HubListener;
      if (listener.binary === binary) listener.receive(data, channel, rawChannel);
      else if (binary) listener.receive(data.toString(), channel, undefined);
      // A listener of Buffers waits for the change of mode: it has not been told that it is subscribed.
    }
  }

  /** Sends the next operation, if one is needed and none is in flight. */
  reconcile(): void {
    if (this.#isReleasing()) this.#release();
    const { at } = this.#state;
    const isWanted = countOf(this.#wanting) > 0;
    if (at === 'ended' || at === 'subscribing' || at === 'unsubscribing') return;
    // Draining listeners still hear; the fence reconciles.
    if (!isWanted && countOf(this.#draining) > 0) return;
    if (at === 'on' && isWanted && this.#isAsWanted) return;
    if (at === 'off' && !isWanted) this.#host.remove(this);
    else if (this.#host.isOnline) this.#reconcileOnline(at, isWanted);
    else if (!isWanted) this.#leaveOffline();
  }

  /** The operation in flight is done, or has failed. */
  settle(error?: unknown): void {
    const state = this.#state;
    if (state.at !== 'subscribing' && state.at !== 'unsubscribing') return;
    const isRefused = error !== undefined && this.#host.isRefusal(error);
    if (error !== undefined && !isRefused) {
      this.#isOutlived = false;
      this.#become(STRANDED);
      if (this.#host.isOnline) this.#host.retries.later(this, this.#failures++);
      else this.reconcile();
      return;
    }
    this.#failures = 0;
    if (state.at === 'unsubscribing') return this.#onUnsubscribed(state.binary, isRefused);
    if (isRefused) this.#host.refusals.add(this);
    else this.#host.refusals.remove(this);
    if (isRefused) this.#onRefused(error, state);
    else if (this.#isOutlived) this.restart();
    else this.#onSubscribed(state.binary);
  }

  /** Asks Redis again when the SUBSCRIBE in flight, if there is one, is answered: an UNSUBSCRIBE follows it. */
  doubt(): void {
    if (this.#state.at === 'subscribing' && !this.#state.live) this.#isOutlived = true;
  }

  /** Asks Redis again for what it may have dropped, or has never been asked for. */
  restart(): void {
    if (this.#state === OFF || this.#state === ENDED) return;
    this.request = undefined;
    this.#isOutlived = false;
    this.#become(STRANDED);
    for (const listener of this.listeners) tell(() => listener.onInterrupted());
    this.reconcile();
  }

  /** The connection is lost: nothing comes until it is back, so who has left can go. */
  onOffline(): void {
    this.#release();
    this.#releaseDrained(this.#draining);
    // On RESP2 the client sends it after all, and does not listen for what it brings: only a further one makes it listen.
    this.#isOutlived = this.#state.at === 'subscribing';
    for (const listener of this.listeners) tell(() => listener.onInterrupted());
    this.reconcile();
  }

  /** Takes the resubscription from the client into our own hands: its command for all names fails as a whole. */
  onResubscribeRefused(): void {
    if (this.#state.at !== 'on' && this.#state.at !== 'stranded') return;
    if (!this.#host.clientListeners.forget(this)) return;
    this.#isText = this.#isBinary = false;
    this.#become(STRANDED);
  }

  /** The connection is back, and the client has subscribed again what it knew of. */
  onOnline(): void {
    if (this.#isOutlived && this.#state.at === 'subscribing') return this.restart();
    if (this.isLive) this.#announce();
    this.reconcile();
  }

  /** Lets everyone go without a command; returns those who still want it, to be served elsewhere. */
  evict(): readonly HubListener[] {
    const wanting = this.#letGo();
    for (const listener of wanting) tell(() => listener.onInterrupted());
    return wanting;
  }

  /** The client has ended: nothing comes any more. */
  end(error: Error | undefined): void {
    for (const listener of this.#letGo()) tell(() => listener.onEnded(error));
  }

  #letGo(): readonly HubListener[] {
    const wanting = this.listeners;
    this.request = undefined;
    this.#become(ENDED);
    this.#host.clientListeners.forget(this);
    this.#release();
    this.#releaseDrained(this.#draining);
    this.#wanting = NOBODY;
    this.#binaryCount = 0;
    this.#onListenersChanged();
    return wanting;
  }

  /** Whether the client listens in the mode that is wanted, and in no other. */
  get #isAsWanted(): boolean {
    return this.#isText !== this.#isBinary && (this.#binary || this.#binaryCount === 0);
  }

  #want(listener: HubListener): void {
    if (includes(this.#wanting, listener)) return;
    this.#wanting = joined(this.#wanting, listener);
    if (listener.binary) this.#binaryCount++;
  }

  #unwant(listener: HubListener): void {
    if (!includes(this.#wanting, listener)) return;
    this.#wanting = without(this.#wanting, listener);
    if (listener.binary) this.#binaryCount--;
  }

  #reconcileOnline(at: 'off' | 'on' | 'stranded', isWanted: boolean): void {
    const wantsBinary = this.#binary || this.#binaryCount > 0;
    if (!isWanted) this.#unsubscribe(!this.#isText);
    else if (at !== 'on' || wantsBinary !== this.#binary) this.#subscribe(wantsBinary, at === 'stranded');
    else if (this.#isText && this.#isBinary) this.#unsubscribe(!this.#binary);
  }

  #subscribe(binary: boolean, isAnew: boolean): void {
    if (!this.#host.refusals.allows(this)) return;
    if (!this.isLive) this.#binary = binary;
    this.#register(binary, true);
    const live = this.isLive;
    this.#become(binary || live ? { at: 'subscribing', binary, live } : SUBSCRIBING_TEXT);
    this.#host.commands.request(isAnew ? 'resubscribe' : 'subscribe', this, binary);
  }

  #unsubscribe(binary: boolean): void {
    const isLast = countOf(this.#wanting) === 0;
    this.#become({ at: 'unsubscribing', binary, live: !isLast });
    this.#host.commands.request('unsubscribe', this, binary);
  }

  #become(state: SubscriptionState): void {
    const wasClosing = this.#isClosing;
    this.#state = state;
    if (this.#isClosing !== wasClosing) this.#audience = undefined;
    this.updateFastPath();
  }

  /** Whether Redis may drop it at any moment. */
  get #isClosing(): boolean {
    return this.#state.at === 'unsubscribing' && !this.#state.live;
  }

  get #isRegistered(): boolean {
    return this.#isText || this.#isBinary;
  }

  #register(binary: boolean, isRegistered: boolean): void {
    if (binary) this.#isBinary = isRegistered;
    else this.#isText = isRegistered;
  }

  #onSubscribed(binary: boolean): void {
    this.#binary = binary;
    this.#become(ON);
    this.#announce();
    this.reconcile();
  }

  #onRefused(cause: unknown, state: { readonly binary: boolean; readonly live: boolean }): void {
    this.#isOutlived = false;
    this.#register(state.binary, false);
    this.#become(state.live ? ON : OFF);
    if (!state.live && this.#host.clientListeners.forget(this)) this.#isText = this.#isBinary = false;
    for (const listener of this.listeners) {
      if (this.#serves(listener)) continue;
      this.#unwant(listener);
      this.#host.outages.settle(listener, 'gone');
      tell(() => listener.onRefused(cause));
    }
    this.#onListenersChanged();
    this.reconcile();
  }

  #onUnsubscribed(binary: boolean, isRefused: boolean): void {
    // Who may not UNSUBSCRIBE has to be content with not listening.
    if (isRefused) this.#host.clientListeners.forget(this);
    this.#register(binary, false);
    this.#binary = this.#isBinary;
    this.#become(this.#isRegistered ? ON : OFF);
    if (this.#isRegistered) this.#announce();
    else this.#release();
    this.reconcile();
  }

  #leaveOffline(): void {
    if (this.#host.isOffline && this.#host.clientListeners.forget(this)) {
      this.#isText = this.#isBinary = false;
      this.#become(OFF);
      this.#binary = false;
      this.reconcile();
    } else {
      // The client subscribes it again, or has just done so; the `reconcile` of `onOnline` undoes that.
      this.#release();
    }
  }

  #announce(): void {
    for (const listener of this.#wanting) {
      if (!this.#serves(listener)) continue;
      tell(() => listener.onSubscribed());
      this.#host.outages.settle(listener, 'served');
    }
  }

  #serves(listener: HubListener): boolean {
    return this.isLive && this.#host.isOnline && (this.#binary || !listener.binary);
  }

  /** Whether those who leave can go: no UNSUBSCRIBE is to come on their account, or it has come. */
  #isReleasing(): boolean {
    const { at } = this.#state;
    return at === 'off' || (countOf(this.#wanting) > 0 && at !== 'unsubscribing');
  }

  #release(): void {
    if (countOf(this.#leaving) === 0) return;
    const leaving = snapshot(this.#leaving);
    this.#leaving = NOBODY;
    this.#onListenersChanged();
    for (const listener of leaving) tell(() => listener.onReleased());
  }

  #releaseDrained(listeners: ListenerList): void {
    const released = snapshot(listeners).filter((listener) => includes(this.#draining, listener));
    if (released.length === 0) return;
    for (const listener of released) {
      this.#draining = without(this.#draining, listener);
      tell(() => listener.onReleased());
    }
    this.#onListenersChanged();
  }

  #onListenersChanged(): void {
    this.#audience = undefined;
    this.updateFastPath();
  }

  #isHeardByOne(): boolean {
    return countOf(this.#wanting) + countOf(this.#leaving) + countOf(this.#draining) === 1;
  }

  get #hearing(): readonly HubListener[] {
    return (this.#audience ??= this.#listAudience());
  }

  #listAudience(): readonly HubListener[] {
    // A listener that comes during UNSUBSCRIBE hears nothing yet.
    const lists = [this.#isClosing ? NOBODY : this.#wanting, this.#leaving, this.#draining];
    const [first, second] = lists.filter((list) => countOf(list) > 0);
    if (first === undefined) return NOBODY;
    return second === undefined ? snapshot(first) : lists.flatMap((list) => snapshot(list));
  }
}
