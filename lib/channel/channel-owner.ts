import type { Subscriber } from 'rxjs';
import type { Gap, ReceiverEvent } from '../channel.js';
import type { ConnectionLostError, SubscribeError } from '../errors/errors.js';
import type { Watcher } from '../hub/pub-sub-hub.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { RawMessage } from './raw-message.js';

/** Counts of messages. Each message is received, and later delivered, dropped or undecodable, unless it still waits. */
export interface MessageCounts {
  received: number;
  delivered: number;
  dropped: number;
  undecodable: number;
}

/** The part of a Receiver that its Channels need; `C` is a Channel's core. */
export interface ChannelOwner<C> extends Watcher {
  /** True until the Receiver begins to end. */
  readonly isOpen: boolean;
  readonly bounds: Bounds;
  /** The error with which the Receiver has ended. */
  readonly lostError: ConnectionLostError | undefined;
  /** The merged stream. Its counts include messages for a Channel's own observers only, and messages without a consumer. */
  readonly stream: {
    readonly counts: MessageCounts & { recovered: number };
    accept(raw: RawMessage, isDecoded: boolean): void;
    roomFor(bytes: number, share?: number): number;
    whenRoom(resume: () => void): void;
  };
  emit(event: ReceiverEvent): void;
  /** Called for a message that came after the end, or that the glob of a topic matches and its template does not. */
  onIgnored(core: C, reason: 'late' | 'unmatched', channel: string, data: string | Buffer): void;
  /** Adds an observer of the events that concern a Channel. */
  observeEvents(core: C, subscriber: Subscriber<ReceiverEvent>): void;
  /** Called where messages are missing that a Channel cannot recover. */
  onMissed(core: C, gap: Pick<Gap, 'since' | 'dropped'>): void;
  onChannelSubscribed(core: C): void;
  /** Called when a Channel that was subscribed is not subscribed for the moment. */
  onChannelInterrupted(core: C): void;
  onChannelRefused(core: C, error: SubscribeError): void;
  /** Called when a Channel has its first observer. */
  onChannelObserved(core: C): void;
  /** Called when the last observer of a Channel has left; the Channel has unsubscribed unless the Receiver needs it. */
  onChannelDeserted(core: C): void;
  /** Registers a forgotten Channel again; returns false if the Receiver has ended. */
  readopt(core: C): boolean;
  /** Called when a Channel closes: its name is free, although the Channel may receive messages until its release. */
  onChannelClosing(core: C): void;
  /** Called when the subscription has released a Channel. */
  onChannelReleased(core: C): void;
  /** Called when a Channel has closed, by `close` or with its client; with an error if the client gave up. */
  onChannelClosed(core: C, reason: 'closed' | 'client-ended', error?: ConnectionLostError): void;
}
