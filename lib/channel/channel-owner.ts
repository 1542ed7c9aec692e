import type { Subscriber } from 'rxjs';
import type { ReceiverEvent } from '../channel.js';
import type { ConnectionLostError, SubscribeError } from '../errors/errors.js';
import type { Watcher } from '../hub/pub-sub-hub.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { RawMessage } from './raw-message.js';

/** Counts of messages: each one is received, and then counted as one of the others, unless it still waits. */
export interface MessageCounts {
  received: number;
  delivered: number;
  dropped: number;
  undecodable: number;
}

/** The part of a Receiver that its Channels need; `C` is a Channel's core. */
export interface ChannelOwner<C> extends Watcher {
  /** True until the Receiver has ended, or begun to. */
  readonly isOpen: boolean;
  readonly bounds: Bounds;
  /** The error that the Receiver has ended with. */
  readonly lostError: ConnectionLostError | undefined;
  /** The merged stream; its counts include messages that are for a Channel's own observers alone, or for nobody. */
  readonly stream: {
    readonly counts: MessageCounts & { late: number };
    accept(raw: RawMessage, isDecoded: boolean): void;
  };
  emit(event: ReceiverEvent): void;
  /** Adds an observer of the events that concern a Channel. */
  observeEvents(core: C, subscriber: Subscriber<ReceiverEvent>): void;
  onChannelSubscribed(core: C): void;
  /** Hears of a Channel that was subscribed, and is not for now. */
  onChannelInterrupted(core: C): void;
  onChannelRefused(core: C, error: SubscribeError): void;
  /** Hears of the first observer of a Channel's own. */
  onChannelObserved(core: C): void;
  /** Hears that the last observer of a Channel's own has left; the Channel has unsubscribed if nobody else needs it. */
  onChannelDeserted(core: C): void;
  /** Registers a forgotten Channel again; false where the Receiver has ended. */
  readopt(core: C): boolean;
  /** Hears of a Channel that closes: its name is free, though it may hear on until it is released. */
  onChannelClosing(core: C): void;
  /** Hears of a Channel of which its subscription has let go. */
  onChannelReleased(core: C): void;
  /** Hears of a Channel that has closed: by `close`, or with its client, with an error if that gave up. */
  onChannelClosed(core: C, reason: 'closed' | 'client-ended', error?: ConnectionLostError): void;
}
