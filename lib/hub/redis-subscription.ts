import type { SubscriptionKind } from '../channel-kind.js';
import { tell } from '../outbox.js';
import { Audience } from './audience.js';
import type { ClientListener } from './client.js';
import { notify, type HubListener, type Leave } from './hub-listener.js';
import type { SubscriptionHost } from './subscription-host.js';
import { outlived, subscribing, unsubscribing, withMode, withoutMode } from './subscription-state.js';
import { ENDED, OFF, ON, STRANDED, TEXT } from './subscription-state.js';
import type { Modes, SubscriptionState } from './subscription-state.js';

/**
 * One name of one kind on one client: the wishes of its listeners, the state in Redis, and at most one operation in flight
 * to reconcile the two. Concurrent operations on one name lose subscriptions inside node-redis. The subscription is its own
 * audience, because there may be very many of both.
 */
export class RedisSubscription extends Audience {
  #state: SubscriptionState = OFF;
  /** The mode whose messages count. A subscription that changes to binary has both modes for a moment. */
  #binary = false;
  readonly kind: SubscriptionKind;
  readonly name: string;
  /** The functions that the client calls for this subscription alone, by mode; `ClientListeners` creates them when needed. */
  textListener: ClientListener | undefined = undefined;
  bufferListener: ClientListener | undefined = undefined;
  /** The operation in flight: only its outcome counts. */
  request: object | undefined = undefined;
  readonly #host: SubscriptionHost<RedisSubscription>;
  #failures = 0;
  #registered: Modes = 0;

  constructor(host: SubscriptionHost<RedisSubscription>, kind: SubscriptionKind, name: string) {
    super(kind === 'pattern' ? name : undefined);
    this.#host = host;
    this.kind = kind;
    this.name = name;
  }

  /** Returns whether messages published now arrive. */
  get isLive(): boolean {
    return this.#state.live;
  }

  /** Returns whether Redis has the name and no operation is in flight. */
  get isConfirmed(): boolean {
    return this.#state === ON;
  }

  attach(listener: HubListener): void {
    this.join(listener);
    if (this.#serves(listener)) tell(notify.subscribed, listener);
    this.reconcile();
  }

  /** Removes a listener, which keeps receiving until its `onReleased`. */
  detach(listener: HubListener, leave: Leave): void {
    if (!this.wants(listener)) return;
    this.remove(listener);
    // If no UNSUBSCRIBE follows for this listener, a fence has to show that everything sent before has arrived.
    const isDraining = leave === 'draining' && this.isLive && this.#host.isOnline;
    const needsFence = isDraining && (this.isWanted || this.#host.clientListeners.isShared(this));
    this.keep(listener, needsFence ? 'draining' : 'leaving');
    if (needsFence) {
      this.#host.commands.fence(() => {
        this.releaseDrained(listener);
        this.reconcile();
      });
    }
    this.#host.outages.checkOff(listener, 'gone');
    this.reconcile();
  }

  /** Returns whether messages of this mode count: for a message that arrives, not for a held one that is delivered. */
  counts(binary: boolean): boolean {
    return binary === this.#binary && this.#state !== OFF && this.#state !== ENDED;
  }

  /** Treats a message as the acknowledgement: if both come in one chunk, the promise resolves only after the message. */
  noteArrival(): void {
    const state = this.#state;
    if (state.at !== 'subscribing' || state.live) return;
    this.#become({ ...state, live: true });
    this.#announce();
  }

  /** Sends the next operation, if one is needed and none is in flight. */
  reconcile(): void {
    const { at } = this.#state;
    const { isWanted } = this;
    // No UNSUBSCRIBE is to come for leaving listeners, or its reply has come.
    if (at === 'off' || (isWanted && at !== 'unsubscribing')) this.release();
    if (at === 'ended' || at === 'subscribing' || at === 'unsubscribing') return;
    // Draining listeners still receive; their fence calls `reconcile`.
    if (!isWanted && this.isDraining) return;
    if (at === 'off' && !isWanted) {
      // The hub makes a new subscription when the name is wanted again.
      this.#become(ENDED);
      this.#host.remove(this);
    } else if (this.#host.isOnline) this.#reconcileOnline(at, isWanted);
    else if (!isWanted) this.#leaveOffline();
  }

  /** Handles the outcome of the operation in flight. */
  onOperationEnded(error?: unknown): void {
    const state = this.#state;
    if (state.at !== 'subscribing' && state.at !== 'unsubscribing') return;
    const isRefused = error !== undefined && this.#host.isRefusal(error);
    if (error !== undefined && !isRefused) {
      this.#become(STRANDED);
      if (!this.#host.isOnline) return this.reconcile();
      return this.#host.retries.later(this, this.#failures++);
    }
    this.#failures = 0;
    if (state.at === 'unsubscribing') return this.#onUnsubscribed(state.binary, isRefused);
    this.#host.refusals[isRefused ? 'add' : 'remove'](this);
    if (isRefused) this.#onRefused(error, state);
    // The reply to an UNSUBSCRIBE of other code may have come in between, and have removed our listener.
    else if (state.isOutlived || !this.#host.clientListeners.isRegistered(this)) this.#host.recover(this);
    else {
      this.#binary = state.binary;
      this.#become(ON);
      this.#announce();
      this.reconcile();
    }
  }

  /** Marks a SUBSCRIBE in flight as overtaken by an UNSUBSCRIBE of other code: Redis is asked again after the reply. */
  doubt(): void {
    if (this.#state.at === 'subscribing' && !this.#state.live) this.#become(outlived(this.#state));
  }

  /** Resubscribes a name that Redis may have dropped, or may never have been asked for. */
  restart(): void {
    if (this.#state === OFF || this.#state === ENDED) return;
    this.request = undefined;
    this.#become(STRANDED);
    for (const listener of this.listeners) tell(notify.interrupted, listener);
    this.reconcile();
  }

  /** Releases removed listeners when the connection is lost: no messages arrive until it is back. */
  onOffline(): void {
    this.release();
    this.releaseDrained();
    // On RESP2 the client still sends this SUBSCRIBE, but ignores its messages: only another SUBSCRIBE makes it listen.
    if (this.#state.at === 'subscribing') this.#become(outlived(this.#state));
    for (const listener of this.listeners) tell(notify.interrupted, listener);
    this.reconcile();
  }

  /** Takes over the resubscription from the client, whose command for all names fails as a whole. */
  onResubscribeRefused(): void {
    if (this.#state.at !== 'on' && this.#state.at !== 'stranded') return;
    if (!this.#host.clientListeners.forget(this)) return;
    this.#registered = 0;
    this.#become(STRANDED);
  }

  /** Continues when the connection is back and the client has resubscribed the names in its registry. */
  onOnline(): void {
    if (this.#state.at === 'subscribing' && this.#state.isOutlived) return this.restart();
    if (this.isLive) this.#announce();
    this.reconcile();
  }

  /** Ends the subscription for good, without a command; returns the listeners that want the name. */
  end(): readonly HubListener[] {
    this.request = undefined;
    this.#become(ENDED);
    this.#host.clientListeners.forget(this);
    return this.clear();
  }

  #reconcileOnline(at: 'off' | 'on' | 'stranded', isWanted: boolean): void {
    const wantsBinary = this.#binary || this.wantsBuffers;
    if (!isWanted) this.#unsubscribe((this.#registered & TEXT) === 0);
    else if (at !== 'on' || wantsBinary !== this.#binary) this.#subscribe(wantsBinary, at === 'stranded');
    // The change of mode is done, and the other mode has to go.
    else if (withoutMode(this.#registered, this.#binary) !== 0) this.#unsubscribe(!this.#binary);
  }

  #subscribe(binary: boolean, isAnew: boolean): void {
    if (!this.#host.refusals.allows(this)) return;
    if (!this.isLive) this.#binary = binary;
    this.#registered = withMode(this.#registered, binary);
    this.#become(subscribing(binary, this.isLive));
    this.#host.commands.request(isAnew ? 'resubscribe' : 'subscribe', this, binary);
  }

  #unsubscribe(binary: boolean): void {
    this.#become(unsubscribing(binary, this.isWanted));
    this.#host.commands.request('unsubscribe', this, binary);
  }

  #become(state: SubscriptionState): void {
    this.#state = state;
    if (state.at === 'unsubscribing' && !state.live) this.mode = 'closing';
    else this.mode = state === ON && !this.#binary ? 'text' : 'other';
  }

  #onRefused(cause: unknown, state: { readonly binary: boolean; readonly live: boolean }): void {
    this.#registered = withoutMode(this.#registered, state.binary);
    this.#become(state.live ? ON : OFF);
    if (!state.live && this.#host.clientListeners.forget(this)) this.#registered = 0;
    for (const listener of this.listeners) {
      if (this.#serves(listener)) continue;
      this.remove(listener);
      this.#host.outages.checkOff(listener, 'gone');
      tell(() => listener.onRefused(cause));
    }
    this.reconcile();
  }

  #onUnsubscribed(binary: boolean, isRefused: boolean): void {
    // If the user may not UNSUBSCRIBE, removing our listener from the client has to do.
    if (isRefused) this.#host.clientListeners.forget(this);
    this.#registered = withoutMode(this.#registered, binary);
    this.#binary = this.#registered > TEXT;
    this.#become(this.#registered > 0 ? ON : OFF);
    if (this.#registered > 0) this.#announce();
    else this.release();
    this.reconcile();
  }

  #leaveOffline(): void {
    // The client resubscribes the name, or has just done so; the `reconcile` of `onOnline` unsubscribes it.
    if (!this.#host.isOffline || !this.#host.clientListeners.forget(this)) return this.release();
    this.#registered = 0;
    this.#become(OFF);
    this.#binary = false;
    this.reconcile();
  }

  #announce(): void {
    for (const listener of this.listeners) {
      if (!this.#serves(listener)) continue;
      tell(notify.subscribed, listener);
      this.#host.outages.checkOff(listener, 'served');
    }
  }

  #serves(listener: HubListener): boolean {
    return this.isLive && this.#host.isOnline && (this.#binary || !listener.binary);
  }
}
