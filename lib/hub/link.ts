import type { ChannelKind, Message } from '../channel/message.js';
import type { WireListener } from './client.js';
import type { Consumer, Leave, Shortcut } from './consumer.js';
import { joined, NOBODY, without } from './consumer-list.js';
import { ENDED, OFF, ON, STRANDED, SUBSCRIBING_TEXT, type LinkState } from './link-state.js';

/** What a link needs of its hub. */
export interface LinkHost {
  /** Whether a command sent now goes out at once. */
  readonly isOnline: boolean;
  /** Whether there is no connection at all, not even one that is being set up. */
  readonly isOffline: boolean;
  subscribe(link: Link, binary: boolean): void;
  unsubscribe(link: Link, binary: boolean): void;
  /** Calls back once all has come that Redis has sent by now, or none of it can come any more. */
  fence(onPassed: () => void): void;
  /** Takes it off the client's registry without a command; false where the client has none. */
  forget(link: Link): boolean;
  /** Whether this error came from Redis, and not from a connection that died. */
  isRefusal(error: unknown): boolean;
  /** The operation died though the connection looks alive: calls `reconcile` after a while, longer each time. */
  retryLater(link: Link, failures: number): void;
  /** A consumer is served, or is not waited for any more. */
  settled(consumer: Consumer, as: 'served' | 'gone'): void;
  /** Nothing is left of it. */
  remove(link: Link): void;
}

type RawSource = Message<string | Buffer>['source'];

/**
 * One name of one kind on one client: what its consumers want, what Redis has, and at most one operation in flight to
 * bring the two together. Concurrent operations on one name lose subscriptions inside node-redis.
 */
export class Link {
  // First, because there may be very many links, and a message should find what it needs in one line of the cache.
  #state: LinkState = OFF;
  /** The mode whose messages count; a link that changes to binary carries both for a moment. */
  #binary = false;
  /** Of the shortcut, while there is one to take: while Redis has it, and one consumer alone hears it. */
  #source: RawSource | undefined = undefined;
  #stream: Shortcut['stream'] | undefined = undefined;
  #isDecoded = false;
  readonly kind: ChannelKind;
  readonly name: string;

  /** What the client calls for this link alone, in either mode: of its `Listeners`, who make them when they are needed. */
  textListener: WireListener | undefined = undefined;
  bufferListener: WireListener | undefined = undefined;
  readonly #host: LinkHost;
  #failures = 0;
  /** The operation in flight has outlived the connection that it was meant for. */
  #isOutlived = false;
  #wanting: readonly Consumer[] = NOBODY;
  #leaving: readonly Consumer[] = NOBODY;
  /** Those who leave a name that others keep, and take what is on its way. */
  #draining: readonly Consumer[] = NOBODY;
  /** Everyone who hears: replaced at each change, so that a delivery under way is not disturbed. */
  #audience: readonly Consumer[] = NOBODY;
  /** The modes in which the client may have a listener of ours. */
  #isText = false;
  #isBinary = false;

  constructor(host: LinkHost, kind: ChannelKind, name: string) {
    this.#host = host;
    this.kind = kind;
    this.name = name;
  }

  get consumers(): readonly Consumer[] {
    return this.#wanting;
  }

  /** Whether what is published now comes. */
  get isLive(): boolean {
    const state = this.#state;
    return state.at === 'on' || ((state.at === 'subscribing' || state.at === 'unsubscribing') && state.live);
  }

  attach(consumer: Consumer): void {
    this.#setConsumers(joined(this.#wanting, [consumer]), without(this.#leaving, consumer));
    if (this.#serves(consumer)) consumer.onSubscribed();
    this.reconcile();
  }

  /** The consumer hears on until its `onReleased`. */
  detach(consumer: Consumer, leave: Leave): void {
    if (!this.#wanting.includes(consumer)) return;
    const wanting = without(this.#wanting, consumer);
    // Nobody will UNSUBSCRIBE on its account: another command has to tell when all has come.
    const needsFence = leave === 'draining' && wanting.length > 0 && this.isLive && this.#host.isOnline;
    if (needsFence) {
      this.#draining = [...this.#draining, consumer];
      this.#host.fence(() => this.#releaseDrained([consumer]));
    }
    this.#setConsumers(wanting, needsFence ? this.#leaving : joined(this.#leaving, [consumer]));
    this.#host.settled(consumer, 'gone');
    this.reconcile();
  }

  /** Whether messages of this mode count: to ask when one comes, not when one that was held is delivered. */
  counts(binary: boolean): boolean {
    return binary === this.#binary && this.#state !== OFF && this.#state !== ENDED;
  }

  /** Hands a text that comes now to the one stream that hears it; false where it takes more than that. */
  deliverByShortcut(data: string | Buffer, channel: string): boolean {
    const source = this.#source;
    if (source === undefined) return false;
    const raw =
      this.kind === 'pattern' ? { source, channel, pattern: this.name, data } : { source, channel, data };
    this.#stream?.accept(raw, this.#isDecoded);
    return true;
  }

  /** Its consumer's shortcut may be another. */
  updateShortcut(): void {
    const only = this.#state === ON && !this.#binary ? this.#audience[0] : undefined;
    if (only === undefined && this.#source === undefined) return;
    const shortcut = only?.binary === false && this.#audience.length === 1 ? only.shortcut : undefined;
    this.#source = shortcut?.channel as RawSource | undefined;
    this.#stream = shortcut?.stream;
    this.#isDecoded = shortcut?.isIdentity === true;
  }

  deliver(data: string | Buffer, channel: string, binary: boolean): void {
    if (this.#state !== ON) this.#acknowledgeEarly();
    const audience = this.#audience;
    for (let i = 0; i < audience.length; i++) {
      const consumer = audience[i] as Consumer;
      if (consumer.binary === binary) consumer.receive(data, channel);
      else if (binary) consumer.receive(data.toString(), channel);
      // A consumer of Buffers waits for the change of mode: it has not been told that it is subscribed.
    }
  }

  /** Sends the next operation, if one is needed and none is in flight. */
  reconcile(): void {
    if (this.#isReleasing()) this.#release();
    // Read only now: who has been released may have come back, or sent others away.
    const { at } = this.#state;
    const isWanted = this.#wanting.length > 0;
    if (at === 'ended' || at === 'subscribing' || at === 'unsubscribing') return;
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
    const isOutlived = this.#isOutlived;
    this.#isOutlived = false;
    if (error !== undefined && !isRefused) {
      this.#become(STRANDED);
      this.#setConsumers(this.#wanting, this.#leaving);
      if (this.#host.isOnline) this.#host.retryLater(this, this.#failures++);
      else this.reconcile();
      return;
    }
    this.#failures = 0;
    if (state.at === 'unsubscribing') {
      this.#onUnsubscribed(state.binary, isRefused);
    } else if (isRefused) {
      this.#onRefused(error, state);
    } else if (isOutlived && this.#wanting.length > 0 && this.#strand()) {
      this.reconcile();
    } else {
      this.#onSubscribed(state.binary);
    }
  }

  /** The connection is lost: nothing comes until it is back, so who has left can go. */
  onOffline(): void {
    this.#release();
    this.#releaseDrained(this.#draining);
    this.#isOutlived = this.#state.at === 'subscribing';
    const wanting = this.#wanting;
    for (const consumer of wanting) consumer.onInterrupted();
    this.reconcile();
  }

  /** Takes the resubscription from the client into our own hands: in a command of many, one can fail alone. */
  onResubscribeRefused(): void {
    if (this.#state.at === 'on' || this.#state.at === 'stranded') this.#strand();
  }

  /** The connection is back, and the client has subscribed again what it knew of. */
  onOnline(): void {
    if (this.isLive) this.#announce();
    this.reconcile();
  }

  /** Lets everyone go without a command; returns those who still want it, to be served elsewhere. */
  evict(): readonly Consumer[] {
    const wanting = this.#wanting;
    this.#become(ENDED);
    this.#host.forget(this);
    this.#release();
    this.#releaseDrained(this.#draining);
    this.#setConsumers(NOBODY, NOBODY);
    for (const consumer of wanting) consumer.onInterrupted();
    return wanting;
  }

  /** The client has ended: nothing comes any more. */
  end(error: Error | undefined): void {
    const wanting = this.#wanting;
    this.#become(ENDED);
    this.#host.forget(this);
    this.#release();
    this.#releaseDrained(this.#draining);
    this.#setConsumers(NOBODY, NOBODY);
    for (const consumer of wanting) consumer.onEnded(error);
  }

  /**
   * Starts over, as if the client knew nothing. On RESP2, node-redis sends a SUBSCRIBE that was waiting when the connection
   * died, but does not listen for what it brings; only a further one makes it listen.
   */
  #strand(): boolean {
    if (!this.#host.forget(this)) return false;
    this.#unregister();
    this.#become(STRANDED);
    return true;
  }

  /** Whether the client listens in the mode that is wanted, and in no other. */
  get #isAsWanted(): boolean {
    return this.#isText !== this.#isBinary && (this.#binary || !this.#wanting.some(({ binary }) => binary));
  }

  #reconcileOnline(at: 'off' | 'on' | 'stranded', isWanted: boolean): void {
    const wantsBinary = this.#binary || this.#wanting.some(({ binary }) => binary);
    if (!isWanted) this.#unsubscribe(!this.#isText);
    else if (at !== 'on' || wantsBinary !== this.#binary) this.#subscribe(wantsBinary);
    else if (this.#isText && this.#isBinary) this.#unsubscribe(!this.#binary);
  }

  #subscribe(binary: boolean): void {
    if (!this.isLive) this.#binary = binary;
    this.#register(binary, true);
    const live = this.isLive;
    this.#become(binary || live ? { at: 'subscribing', binary, live } : SUBSCRIBING_TEXT);
    this.#host.subscribe(this, binary);
  }

  #unsubscribe(binary: boolean): void {
    const isLast = this.#wanting.length === 0;
    this.#become({ at: 'unsubscribing', binary, live: !isLast });
    this.#host.unsubscribe(this, binary);
  }

  #become(state: LinkState): void {
    this.#state = state;
    this.updateShortcut();
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

  #unregister(): void {
    this.#isText = this.#isBinary = false;
  }

  #onSubscribed(binary: boolean): void {
    this.#binary = binary;
    this.#become(ON);
    this.#announce();
    this.reconcile();
  }

  #onRefused(cause: unknown, state: { readonly binary: boolean; readonly live: boolean }): void {
    this.#register(state.binary, false);
    this.#become(state.live ? ON : OFF);
    if (!state.live && this.#isRegistered && this.#host.forget(this)) this.#unregister();
    const refused = this.#wanting.filter((consumer) => !this.#serves(consumer));
    this.#setConsumers(
      this.#wanting.filter((consumer) => this.#serves(consumer)),
      this.#leaving,
    );
    for (const consumer of refused) {
      this.#host.settled(consumer, 'gone');
      consumer.onRefused(cause);
    }
    this.reconcile();
  }

  #onUnsubscribed(binary: boolean, isRefused: boolean): void {
    // Who may not UNSUBSCRIBE has to be content with not listening.
    if (isRefused) this.#host.forget(this);
    this.#register(binary, false);
    this.#binary = this.#isBinary;
    this.#become(this.#isRegistered ? ON : OFF);
    this.#setConsumers(this.#wanting, this.#leaving);
    if (this.#isRegistered) this.#announce();
    else this.#release();
    this.reconcile();
  }

  #leaveOffline(): void {
    if (this.#host.isOffline && this.#host.forget(this)) {
      this.#unregister();
      this.#become(OFF);
      this.#binary = false;
      this.reconcile();
    } else {
      // The client subscribes it again, or has just done so; the `reconcile` of `onOnline` undoes that.
      this.#release();
    }
  }

  /** Messages that come in the same chunk as the acknowledgement arrive before its promise resolves. */
  #acknowledgeEarly(): void {
    const state = this.#state;
    if (state.at !== 'subscribing' || state.live) return;
    this.#become({ ...state, live: true });
    this.#announce();
  }

  #announce(): void {
    const wanting = this.#wanting;
    for (let i = 0; i < wanting.length; i++) {
      const consumer = wanting[i] as Consumer;
      if (!this.#serves(consumer)) continue;
      consumer.onSubscribed();
      this.#host.settled(consumer, 'served');
    }
  }

  #serves(consumer: Consumer): boolean {
    return this.isLive && this.#host.isOnline && (this.#binary || !consumer.binary);
  }

  /** Whether those who leave can go: no UNSUBSCRIBE is to come on their account, or it has come. */
  #isReleasing(): boolean {
    const { at } = this.#state;
    return at === 'off' || (this.#wanting.length > 0 && at !== 'unsubscribing');
  }

  #release(): void {
    const leaving = this.#leaving;
    if (leaving.length === 0) return;
    this.#setConsumers(this.#wanting, NOBODY);
    for (const consumer of leaving) consumer.onReleased();
  }

  #releaseDrained(consumers: readonly Consumer[]): void {
    const released = consumers.filter((consumer) => this.#draining.includes(consumer));
    if (released.length === 0) return;
    this.#draining = this.#draining.filter((consumer) => !released.includes(consumer));
    this.#setConsumers(this.#wanting, this.#leaving);
    for (const consumer of released) consumer.onReleased();
  }

  #setConsumers(wanting: readonly Consumer[], leaving: readonly Consumer[]): void {
    this.#wanting = wanting;
    this.#leaving = leaving;
    // Who comes while it is being unsubscribed would hear what comes before that, and miss what comes until it is back.
    const hearing = this.#isClosing ? NOBODY : wanting;
    this.#audience = joined(joined(hearing, leaving), this.#draining);
    this.updateShortcut();
  }
}
