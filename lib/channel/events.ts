import type { OverflowPolicy } from '../queue/buffer-options.js';
import type { Channel } from './channel.js';
import type { DecodeError, SubscribeError } from '../errors/errors.js';

/** A stretch of time in which messages may be missing. */
export interface Gap {
  /** `'reconnect'`: the connection was lost; `'overflow'`: the buffer was full. */
  readonly cause: 'reconnect' | 'overflow';
  /**
   * Milliseconds since the epoch: when the last message before it was heard, to within 10 ms, or the subscription was
   * acknowledged if none was; earlier, by up to a heartbeat and some seconds, where the servers of a cluster or a Sentinel
   * set only say later that something has moved.
   */
  readonly since: number;
  /** Milliseconds since the epoch: nothing is missing from then on. */
  readonly until: number;
  /** The Channels that may lack messages. */
  readonly channels: readonly Channel<unknown>[];
  /** How many messages were dropped; only where that can be known, for an overflow. */
  readonly dropped?: number;
}

/** What happens to a Receiver beside its messages. */
export type ReceiverEvent =
  /** Redis has acknowledged it. */
  | { readonly type: 'subscribed' | 'unsubscribed'; readonly source: Channel<unknown> }
  /** The connection is lost; the client tries to reconnect. */
  | { readonly type: 'disconnected'; readonly error?: Error }
  /** A try to reconnect has failed, of the client that `Receiver.open` made; another one follows. */
  | { readonly type: 'retry'; readonly error: Error; readonly attempt: number }
  /** Messages may be missing, and everything is subscribed again. */
  | { readonly type: 'gap'; readonly gap: Gap }
  /** The buffer is full; once an episode, which ends with a `gap` when less than half of it is in use. */
  | { readonly type: 'overflow'; readonly dropped: number; readonly overflow: OverflowPolicy }
  /** A message came after its Channel or the Receiver had ended, and was ignored. */
  | {
      readonly type: 'late';
      readonly source: Channel<unknown>;
      readonly channel: string;
      readonly data: string | Buffer;
    }
  /** A codec failed. */
  | { readonly type: 'decode-error'; readonly error: DecodeError }
  /** Redis refused a subscription; the others go on. */
  | { readonly type: 'channel-error'; readonly source: Channel<unknown>; readonly error: SubscribeError };
