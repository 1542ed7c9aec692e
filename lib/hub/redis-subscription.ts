import type { ChannelKind } from '../channel-kind.js';
import { tell } from '../outbox.js';
import { Audience } from './audience.js';
import type { ClientListener } from './client.js';
import type { HubListener, Leave } from './hub-listener.js';
import type { SubscriptionHost } from './subscription-host.js';
import { ENDED, OFF, ON, STRANDED, SUBSCRIBING_TEXT, type SubscriptionState } from './subscription-state.js';

const TEXT = 1;
const BINARY = 2;

/**
 * One name of one kind on one client: what its listeners want, what Redis has, and at most one operation in flight to
 * bring the two together. Concurrent operations on one name lose subscriptions inside node-redis.
 */
export class RedisSubscription {
  readonly audience: Audience;
  #state: SubscriptionState = OFF;
  /** The mode whose messages count; a subscription that changes to binary carries both for a moment. */
  #binary = false;
  readonly kind: ChannelKind;
  readonly name: string;

  /** What the client calls for this subscription alone, in either mode: of its `Listeners`, who make them when they are needed. */
  textListener: ClientListener | undefined = undefined;
  bufferListener: ClientListener | undefined = undefined;
  /** The operation in flight: only its outcome counts. */
  request: object | undefined = undefined;
  readonly #host: SubscriptionHost<RedisSubscription>;
  #failures = 0;
  /** The SUBSCRIBE in flight proves nothing: its connection has died since, or other code has unsubscribed the name. */
  #isOutlived = false;
  /** The modes in which the client may have a listener of ours: TEXT, BINARY, or the sum of both. */
  #registered = 0;

  constructor(host: SubscriptionHost<RedisSubscription>, kind: ChannelKind, name: string) {
    this.#host = host;
    this.kind = kind;
    this.name = name;
    this.audience = new Audience(kind === 'pattern' ? name : undefined);
  }

  /** The listeners that want the name. */
  get listeners(): readonly HubListener[] {
    return this.audience.listeners;
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
    this.audience.join(listener);
    if (this.#serves(listener)) tell(() => listener.onSubscribed());
    this.reconcile();
  }

  /** Removes a listener, which keeps receiving until its `onReleased`. */
  detach(listener: HubListener, leave: Leave): void {
    const { audience } = this;
    if (!audience.wants(listener)) return;
    audience.remove(listener);
    const isDraining = leave === 'draining' && this.isLive && this.#host.isOnline;
    // No UNSUBSCRIBE follows on its account: another command has to tell when everything has come.
    const needsFence = isDraining && (audience.isWanted || this.#host.clientListeners.isShared(this));
    audience.keep(listener, needsFence ? 'draining' : 'leaving');
    if (needsFence) {
      this.#host.commands.fence(() => {
        audience.releaseDrained(listener);
        this.reconcile();
      });
    }
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

  /** Sends the next operation, if one is needed and none is in flight. */
  reconcile(): void {
    const { audience } = this;
    if (this.#isReleasing()) audience.release();
    const { at } = this.#state;
    const { isWanted } = audience;
    if (at === 'ended' || at === 'subscribing' || at === 'unsubscribing') return;
    // Draining listeners still hear; the fence reconciles.
    if (!isWanted && audience.isDraining) return;
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
    // The answer to an UNSUBSCRIBE of other code has come in between, and has removed our listener.
    else if (!this.#host.clientListeners.isRegistered(this)) this.#host.recover(this);
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
    this.audience.release();
    this.audience.releaseDrained();
    // On RESP2 the client sends it after all, and does not listen for what it brings: only a further one makes it listen.
    this.#isOutlived = this.#state.at === 'subscribing';
    for (const listener of this.listeners) tell(() => listener.onInterrupted());
    this.reconcile();
  }

  /** Takes the resubscription from the client into our own hands: its command for all names fails as a whole. */
  onResubscribeRefused(): void {
    if (this.#state.at !== 'on' && this.#state.at !== 'stranded') return;
    if (!this.#host.clientListeners.forget(this)) return;
    this.#registered = 0;
    this.#become(STRANDED);
  }

  /** The connection is back, and the client has subscribed again what it knew of. */
  onOnline(): void {
    if (this.#isOutlived && this.#state.at === 'subscribing') return this.restart();
    if (this.isLive) this.#announce();
    this.reconcile();
  }

  /** Lets all listeners go without a command, for good; returns the listeners that want the name. */
  end(): readonly HubListener[] {
    this.request = undefined;
    this.#become(ENDED);
    this.#host.clientListeners.forget(this);
    return this.audience.clear();
  }

  /** Whether the client listens in the mode that is wanted, and in no other. */
  get #isAsWanted(): boolean {
    return (
      (this.#registered === TEXT || this.#registered === BINARY) &&
      (this.#binary || !this.audience.wantsBuffers)
    );
  }

  #reconcileOnline(at: 'off' | 'on' | 'stranded', isWanted: boolean): void {
    const wantsBinary = this.#binary || this.audience.wantsBuffers;
    if (!isWanted) this.#unsubscribe((this.#registered & TEXT) === 0);
    else if (at !== 'on' || wantsBinary !== this.#binary) this.#subscribe(wantsBinary, at === 'stranded');
    else if (this.#registered === TEXT + BINARY) this.#unsubscribe(!this.#binary);
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
    this.#become({ at: 'unsubscribing', binary, live: this.audience.isWanted });
    this.#host.commands.request('unsubscribe', this, binary);
  }

  #become(state: SubscriptionState): void {
    this.#state = state;
    if (state.at === 'unsubscribing' && !state.live) this.audience.mode = 'closing';
    else this.audience.mode = state === ON && !this.#binary ? 'text' : 'other';
  }

  #register(binary: boolean, isRegistered: boolean): void {
    const mode = binary ? BINARY : TEXT;
    this.#registered = isRegistered ? this.#registered | mode : this.#registered & ~mode;
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
    if (!state.live && this.#host.clientListeners.forget(this)) this.#registered = 0;
    for (const listener of this.listeners) {
      if (this.#serves(listener)) continue;
      this.audience.remove(listener);
      this.#host.outages.settle(listener, 'gone');
      tell(() => listener.onRefused(cause));
    }
    this.reconcile();
  }

  #onUnsubscribed(binary: boolean, isRefused: boolean): void {
    // Who may not UNSUBSCRIBE has to be content with not listening.
    if (isRefused) this.#host.clientListeners.forget(this);
    this.#register(binary, false);
    this.#binary = this.#registered === BINARY;
    this.#become(this.#registered > 0 ? ON : OFF);
    if (this.#registered > 0) this.#announce();
    else this.audience.release();
    this.reconcile();
  }

  #leaveOffline(): void {
    if (this.#host.isOffline && this.#host.clientListeners.forget(this)) {
      this.#registered = 0;
      this.#become(OFF);
      this.#binary = false;
      this.reconcile();
    } else {
      // The client subscribes it again, or has just done so; the `reconcile` of `onOnline` undoes that.
      this.audience.release();
    }
  }

  #announce(): void {
    for (const listener of this.listeners) {
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
    return at === 'off' || (this.audience.isWanted && at !== 'unsubscribing');
  }
}
