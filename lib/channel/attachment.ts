import type { Channel } from '../channel.js';
import type { ChannelKind } from '../channel-kind.js';
import { SubscribeError } from '../errors/errors.js';
import { abortable } from '../abort.js';
import { reasonOf } from '../errors/reason-of.js';
import type { HubListener, Leave } from '../hub/hub-listener.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';
import { tell } from '../outbox.js';
import type { Follower } from '../recovery/follower.js';
import type { ChannelOwner } from './channel-owner.js';

/** The part of a Channel's core that its Attachment needs. */
export interface AttachedChannel extends HubListener {
  readonly channel: Channel<unknown>;
  readonly hub: PubSubHub;
  readonly kind: ChannelKind;
  readonly name: string;
  refuse(error: SubscribeError): void;
  /** Calls `update` if the Channel can still be subscribed. */
  updateAttachment(): void;
}

export interface AcknowledgementWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** `'leaving'`: the Channel still receives, until its release. */
type State =
  | { readonly at: 'off'; readonly refusal?: SubscribeError }
  | { readonly at: 'attached'; readonly isServed: boolean; readonly wasServed: boolean }
  | { readonly at: 'leaving'; readonly wasServed: boolean };

// Shared objects, because there may be very many Channels, and most are in the same few states.
const OFF: State = { at: 'off' };
const ATTACHED: State = { at: 'attached', isServed: false, wasServed: false };
const SERVED: State = { at: 'attached', isServed: true, wasServed: true };
const LEAVING: State = { at: 'leaving', wasServed: true };

/** The advice of an error for a client that cannot subscribe. */
export const NOT_OPEN = 'the client is not open. Await client.connect() before, or use Receiver.open().';

/** The state of a Channel's subscription, and waiters for its acknowledgement and for its release. */
export class Attachment<C extends AttachedChannel> {
  /** The follower of the log of a recoverable Channel, or of a stream. */
  readonly follower: Follower | undefined;
  readonly #core: C;
  readonly #owner: ChannelOwner<C>;
  #state: State = OFF;
  #acknowledgement: Set<AcknowledgementWaiter> | undefined = undefined;
  #release: (() => void)[] | undefined = undefined;

  constructor(core: C, owner: ChannelOwner<C>, follower?: Follower) {
    this.#core = core;
    this.#owner = owner;
    this.follower = follower;
  }

  get at(): State['at'] {
    return this.#state.at;
  }

  get isServed(): boolean {
    return this.#state.at === 'attached' && this.#state.isServed;
  }

  /** The error of a Channel that is not subscribed and cannot be subscribed now. */
  get obstacle(): SubscribeError | undefined {
    return this.#state.at === 'off' && !this.#core.hub.isOpen ? this.#refusal(NOT_OPEN) : undefined;
  }

  /** Subscribes or unsubscribes. */
  update(isWanted: boolean): void {
    const { hub } = this.#core;
    if (!isWanted) this.detach('at-once');
    else if (this.#state.at === 'attached') this.#updateConsumers();
    else if (!hub.isOpen) this.#core.refuse(this.#refusal(NOT_OPEN));
    else if (this.follower?.isReady === false) this.#follow(this.follower);
    else this.#attach();
  }

  detach(leave: Leave): void {
    if (leave === 'at-once') this.follower?.stop();
    if (this.#state.at !== 'attached') return;
    const { hub, kind, name } = this.#core;
    this.#state = this.#state.wasServed ? LEAVING : { at: 'leaving', wasServed: false };
    hub.detach(kind, name, this.#core, leave);
  }

  whenServed(signal: AbortSignal | undefined): Promise<undefined> {
    const { hub, kind, name } = this.#core;
    // Other code may have unsubscribed the name on the client.
    if (this.isServed) hub.verify(kind, name);
    if (this.isServed) return Promise.resolve(undefined);
    // A follower that is not idle makes another attempt.
    const isStarting = this.follower?.isIdle === false;
    const last = this.#state.at === 'off' && !isStarting ? this.#state.refusal : undefined;
    const refusal = last ?? this.obstacle;
    if (refusal) return Promise.reject(refusal);
    return abortable<undefined>(signal, (resolve, reject) => {
      const waiter = { resolve: () => resolve(undefined), reject };
      this.addWaiter(waiter);
      return () => this.#acknowledgement?.delete(waiter);
    });
  }

  /** Calls a waiter when Redis has acknowledged the subscription, or `rejectWaiters` is called. */
  addWaiter(waiter: AcknowledgementWaiter): void {
    (this.#acknowledgement ??= new Set()).add(waiter);
  }

  rejectWaiters(reason: () => Error): void {
    if (this.#acknowledgement) for (const { reject } of this.#acknowledged()) reject(reason());
  }

  /** Calls back when the subscription has released the Channel; at once if it already has. */
  whenReleased(onReleased: () => void): void {
    if (this.#state.at === 'off') onReleased();
    else if (this.#release) this.#release.push(onReleased);
    else this.#release = [onReleased];
  }

  onSubscribed(): void {
    if (this.#state.at !== 'attached' || this.#state.isServed) return;
    const { wasServed } = this.#state;
    this.#state = SERVED;
    if (this.#acknowledgement) for (const { resolve } of this.#acknowledged()) resolve();
    // Before the event, because an observer of the event may interrupt the Channel.
    this.#owner.onChannelSubscribed(this.#core);
    if (!wasServed) this.#emit('subscribed');
    this.follower?.onSubscribed();
  }

  onInterrupted(): void {
    if (this.#state.at !== 'attached' || !this.#state.isServed) return;
    this.#state = { ...this.#state, isServed: false };
    this.#owner.onChannelInterrupted(this.#core);
  }

  onReplaced(): void {
    if (this.#state.at !== 'attached' || !this.#state.wasServed) return;
    this.#state = ATTACHED;
    this.#emit('unsubscribed');
  }

  onReleased(): void {
    if (this.#state.at !== 'leaving') return;
    const { follower } = this;
    // A follower that is not ready has been stopped, and may have been started anew.
    if (follower?.isReady) follower.whenCaughtUp(() => this.#onCaughtUp(follower));
    else if (follower?.whenLeft) follower.whenLeft(() => this.#onLeft());
    else this.#end(undefined, this.#state.wasServed);
  }

  onRefused(cause: unknown): void {
    const advice = `Redis refused: ${reasonOf(cause)}. Fix the cause, and subscribe again.`;
    this.#core.refuse(this.#refusal(advice, { cause }));
  }

  /** Marks the Channel as released by the hub; `isTold`: an `unsubscribed` event reports the release. */
  end(refusal?: SubscribeError, isTold = false): void {
    this.follower?.stop();
    this.#end(refusal, isTold);
  }

  #end(refusal: SubscribeError | undefined, isTold: boolean): void {
    const wasAttached = this.#state.at !== 'off';
    this.#state = refusal ? { at: 'off', refusal } : OFF;
    if (wasAttached) this.#core.hub.unwatch(this.#owner);
    // An observer of the event may bring the Channel back.
    if (isTold) this.#emit('unsubscribed');
    this.#owner.onChannelReleased(this.#core);
    // Last, because a waiter may end the events.
    const waiting = this.#release;
    this.#release = undefined;
    if (waiting) for (const onReleased of waiting) onReleased();
  }

  /** Finds the first message in the log, before the Channel subscribes. */
  #follow(follower: Follower): void {
    if (!follower.isIdle) return;
    follower.start(
      () => this.#core.updateAttachment(),
      // A client in memory refuses at once, before the caller is ready for it.
      (cause) => tell(() => this.#core.refuse(this.#refusal(cause.message, { cause }))),
    );
  }

  #onCaughtUp(follower: Follower): void {
    if (this.#state.at !== 'leaving') return;
    follower.stop();
    this.#onLeft();
  }

  #onLeft(): void {
    if (this.#state.at === 'leaving') this.#end(undefined, this.#state.wasServed);
  }

  #updateConsumers(): void {
    const { hub, kind, name } = this.#core;
    hub.updateFastPath(kind, name);
    const { follower } = this;
    // The consumer for which it waits may have left.
    if (follower) tell(() => follower.resume());
  }

  #attach(): void {
    const { hub, kind, name } = this.#core;
    if (this.#state.at === 'off') hub.watch(this.#owner);
    const wasServed = this.#state.at === 'leaving' && this.#state.wasServed;
    this.#state = wasServed ? { at: 'attached', isServed: false, wasServed } : ATTACHED;
    hub.attach(kind, name, this.#core);
  }

  /** Empties the list of the waiters for the acknowledgement, and returns the list. */
  #acknowledged(): Iterable<AcknowledgementWaiter> {
    const waiting = this.#acknowledgement ?? [];
    this.#acknowledgement = undefined;
    return waiting;
  }

  #refusal(advice: string, options?: ErrorOptions): SubscribeError {
    return new SubscribeError(this.#core.kind, this.#core.name, advice, options);
  }

  #emit(type: 'subscribed' | 'unsubscribed'): void {
    this.#owner.emit({ type, source: this.#core.channel });
  }
}
