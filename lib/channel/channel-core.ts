import type { Subscriber } from 'rxjs';
import { Channel, type Message, type ReceiverEvent } from '../channel.js';
import type { ChannelKind } from '../channel-kind.js';
import { bytes, text, type Codec } from '../codec/codec.js';
import { ConnectionLostError, type SubscribeError } from '../errors/errors.js';
import type { FastPath, HubListener } from '../hub/hub-listener.js';
import type { PubSubHub } from '../hub/pub-sub-hub.js';
import { tell, transition } from '../outbox.js';
import type { Join } from '../queue/fault-list.js';
import { openEnvelope } from '../log/envelope.js';
import type { FollowerSource } from '../recovery/follower.js';
import { allOrLate } from '../all-or-late.js';
import { AttachedCore } from './attached-core.js';
import { Attachment } from './attachment.js';
import { iterateChannel } from './channel-iterator.js';
import { CLOSED, closedError, DRAINING, OPEN, type ChannelLife, type Registration } from './channel-life.js';
import type { ChannelOwner } from './channel-owner.js';
import { decodeMessage } from './decode-message.js';
import { followSource } from './followed-core.js';
import { OwnObservers, type ObservedChannel } from './own-observers.js';
import { WHOLE_ENTRY } from './whole-entry.js';
import { rawMessage, type ChannelTopic, type RawMessage } from './raw-message.js';

/**
 * The internals of a Channel. A Channel is subscribed while it has observers or the Receiver is connected, and each message goes
 * to both.
 */
export class ChannelCore<T>
  extends AttachedCore<ChannelCore<unknown>>
  implements HubListener, FastPath, ObservedChannel<T>
{
  // These fields stand first: there may be very many Channels, and a message should find all it needs in one cache line.
  readonly channel: Channel<T>;
  #own: OwnObservers<T> | undefined = undefined;
  /** True while the Receiver is connected and takes the messages too. */
  isMerged = false;
  #life: ChannelLife = OPEN;
  readonly kind: ChannelKind;
  /** True if the codec leaves the data as it is. */
  readonly isIdentity: boolean;
  readonly #owner: ChannelOwner<ChannelCore<unknown>>;
  protected readonly attachment: Attachment<ChannelCore<unknown>>;
  readonly name: string;
  readonly codec: Codec<T>;
  readonly hub: PubSubHub;
  readonly binary: boolean;
  /** The topic of which the Channel receives messages; other messages that its glob matches are left out. */
  readonly topic: ChannelTopic | undefined;
  registration: Registration = 'while-observed';

  constructor(
    owner: ChannelOwner<ChannelCore<unknown>>,
    { hub, kind, name, codec, topic }: Pick<ChannelCore<T>, 'hub' | 'kind' | 'name' | 'codec' | 'topic'>,
    source?: FollowerSource,
  ) {
    super();
    this.#owner = owner;
    this.hub = hub;
    this.kind = kind;
    this.name = name;
    this.codec = codec;
    this.binary = codec.binary === true;
    this.topic = topic;
    const plain: readonly unknown[] = kind === 'stream' ? [WHOLE_ENTRY] : [text, bytes];
    this.isIdentity = plain.includes(codec);
    this.channel = new Channel(this);
    const follower = source && followSource(this, owner, source);
    this.attachment = new Attachment<ChannelCore<unknown>>(this, owner, follower);
  }

  observeEvents(subscriber: Subscriber<ReceiverEvent>): void {
    this.#owner.observeEvents(this, subscriber);
  }

  get isOpen(): boolean {
    return this.#life.at !== 'closed' && (this.registration !== 'forgotten' || this.#owner.isOpen);
  }

  observe(subscriber: Subscriber<Message<T>>): void {
    if (subscriber.closed) return;
    if (this.#life.at === 'closed' || (this.registration === 'forgotten' && !this.#owner.readopt(this))) {
      const error = this.#endError;
      if (error) subscriber.error(error);
      else subscriber.complete();
      return;
    }
    this.#own ??= new OwnObservers<T>(this, this.#owner);
    this.#own.subject.observe(subscriber);
  }

  setMerged(isMerged: boolean): void {
    this.isMerged = isMerged;
    this.updateAttachment();
  }

  iterate(): AsyncIterableIterator<Message<T>> {
    return iterateChannel(this.channel, this.#owner);
  }

  whenSubscribed(signal?: AbortSignal): Promise<void> {
    if (this.#life.at !== 'open' || !this.isOpen) return Promise.reject(closedError(this, this.#life));
    return this.attachment.whenServed(signal);
  }

  /** The error that a new observer would get at once, and that another attempt cannot fix. */
  get finalError(): Error | undefined {
    return this.#life.at === 'closed' ? this.#life.error : (this.#endError ?? this.attachment.obstacle);
  }

  /** True while the Channel is registered only for observers in their grace period. */
  get isDeserted(): boolean {
    return this.registration === 'while-observed' && this.#own?.isDeserted === true;
  }

  close(): Promise<void> {
    // An observer that closes the Channel while it unsubscribes, as in `finalize`, does not end the other observers.
    if (this.#own?.isBeingLeft) return Promise.resolve();
    this.deliverHeld();
    return new Promise((resolve) => transition(() => this.release('closed', allOrLate(1, resolve))));
  }

  /** Delivers the held messages, before the Channel closes and outside of a transition. */
  deliverHeld(): void {
    if (this.attachment.at === 'attached') this.hub.deliverHeld(this.kind, this.name);
  }

  /** Closes or drains the Channel; calls back when the subscription has released it, however long that takes. */
  release(life: 'closed' | 'draining', onReleased: () => void): void {
    if (this.#life.at !== 'closed') {
      this.#life = life === 'closed' ? CLOSED : DRAINING;
      if (life === 'closed') this.#owner.onChannelClosing(this);
      this.attachment.detach(life === 'draining' ? 'draining' : 'at-once');
      this.attachment.rejectWaiters(() => closedError(this, this.#life));
      if (life === 'closed') {
        if (this.attachment.at === 'off') this.#owner.onChannelReleased(this);
        this.#endOwn('now');
        this.#owner.onChannelClosed(this, 'closed');
      }
    }
    this.attachment.whenReleased(onReleased);
  }

  onObserved(): void {
    if (this.registration === 'claimed') this.registration = 'while-observed';
    this.updateAttachment();
    this.#owner.onChannelObserved(this);
  }

  onDeserted(): void {
    transition(() => {
      this.#own?.discard();
      this.#own = undefined;
      this.updateAttachment();
      this.#owner.onChannelDeserted(this);
    });
  }

  /** Returns the number of messages of this size that can wait for the Channel's own observers, in a share of the queue. */
  ownRoom(bytes: number, share?: number): number {
    return this.#own?.roomFor(bytes, share) ?? Infinity;
  }

  /** Puts an error into the stream of the Channel's own observers. */
  place(error: Error, join: Join): void {
    this.#own?.subject.place(error, join);
  }

  decode(raw: RawMessage): Message<T> {
    return decodeMessage(raw, this.codec, this.channel);
  }

  get fastPath(): FastPath | undefined {
    const isPlain = this.#own === undefined && this.topic === undefined && !this.follower;
    return isPlain && this.isMerged && this.#life === OPEN ? this : undefined;
  }

  get stream(): FastPath['stream'] {
    return this.#owner.stream;
  }

  receive(data: string | Buffer, channel: string, rawChannel?: Buffer): void {
    if (this.follower && this.#life.at !== 'closed')
      return this.follower.receive?.(data, channel, rawChannel);
    const message = openEnvelope(data, channel, rawChannel);
    if (message) this.deliver(message.payload, channel, rawChannel, message.idText);
    else this.deliver(data, channel, rawChannel);
  }

  /** Hands a message to the Channel's own observers, and to the Receiver. */
  deliver(data: string | Buffer, channel: string, rawChannel?: Buffer, id?: string): void {
    const source = this.channel as Channel<unknown> as Channel<string | Buffer>;
    const raw = rawMessage(source, this.topic, data, channel, rawChannel, id);
    if (this.#life.at === 'closed') return this.#owner.onIgnored(this, 'late', channel, data);
    if (!raw) return this.#owner.onIgnored(this, 'unmatched', channel, data);
    this.hand(raw);
  }

  /** Hands on a message that is complete. */
  hand(raw: RawMessage): void {
    const { channel, data } = raw;
    if (this.#life.at === 'closed') return this.#owner.onIgnored(this, 'late', channel, data);
    this.#own?.receive(raw, this.isIdentity);
    if (!this.isMerged) return;
    if (this.isOpen) this.#owner.stream.accept(raw, this.isIdentity);
    // An observer of the Channel has closed it, or has stopped the Receiver.
    else this.#owner.onIgnored(this, 'late', channel, data);
  }

  onEnded(error: Error | undefined): void {
    const lost = error && new ConnectionLostError({ cause: error });
    const isFirst = this.#life.at !== 'closed';
    if (isFirst) this.#life = { at: 'closed', error: lost };
    this.attachment.end();
    if (!isFirst) return;
    this.attachment.rejectWaiters(() => closedError(this, this.#life));
    this.#endOwn('behind', lost);
    this.#owner.onChannelClosed(this, 'client-ended', lost);
  }

  /** Subscribes or unsubscribes, as the observers and the Receiver require. */
  updateAttachment(): void {
    if (this.#life.at !== 'open') return;
    this.attachment.update(this.isMerged || this.#own !== undefined);
  }

  /** Gives up the subscription; a new observer or `connect()` makes another attempt. */
  refuse(error: SubscribeError): void {
    const wasMerged = this.isMerged;
    this.isMerged = false;
    this.attachment.end(error);
    this.attachment.rejectWaiters(() => error);
    const own = this.#own;
    tell(() => own?.subject.dismiss(error));
    this.#owner.emit({ type: 'channel-error', source: this.channel, error });
    if (wasMerged) this.#owner.onChannelRefused(this, error);
  }

  #endOwn(when: 'now' | 'behind', error?: Error): void {
    const own = this.#own;
    this.#own = undefined;
    if (own) tell(() => own.end(when, error));
  }

  /** The error with which the Channel has ended, or the Receiver that has forgotten the Channel. */
  get #endError(): Error | undefined {
    if (this.#life.at === 'closed') return this.#life.error;
    return this.registration === 'forgotten' ? this.#owner.lostError : undefined;
  }
}
