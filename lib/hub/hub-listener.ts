import type { Message } from '../channel.js';

/**
 * The destination of a text whose listener only hands it to one stream. The stream keeps the order even if a message arrives
 * while an earlier one is being handled, so the hub does not have to. A subscription caches the fast path, because asking
 * the listener for each message would cost as much as the rest of the delivery.
 */
export interface FastPath {
  /** The source of the message. */
  readonly channel: object;
  readonly stream: { accept(raw: Message<string | Buffer>, isDecoded: boolean): void };
  /** True if the text needs no decoding for the stream. */
  readonly isIdentity: boolean;
}

/** A listener of one name: a Channel of a Receiver. */
export interface HubListener {
  /** True if the listener wants Buffers, false if it wants strings. */
  readonly binary: boolean;
  /** The current fast path. Except when it attaches or detaches, the listener calls `updateFastPath` of its hub on a change. */
  readonly fastPath: FastPath | undefined;
  /** Takes a message; `rawChannel` has the bytes of the channel's name, in binary mode. */
  receive(data: string | Buffer, channel: string, rawChannel?: Buffer): void;
  /** Called, perhaps repeatedly, when Redis has acknowledged the subscription: messages published from now on arrive. */
  onSubscribed(): void;
  /** Called when no messages arrive until the next `onSubscribed`: the connection is lost, or Redis has dropped the name. */
  onInterrupted(): void;
  /** Called when a leaving listener is added again during UNSUBSCRIBE: the next `onSubscribed` is for a new subscription. */
  onReplaced(): void;
  /** Called when the listener has left and no more messages can arrive. */
  onReleased(): void;
  /** Called when Redis has refused the subscription and the hub has removed the listener. */
  onRefused(cause: unknown): void;
  /** Called when the client has ended, with an error if it gave up, and the hub has removed the listener. */
  onEnded(error: Error | undefined): void;
}

/** The notifications of a listener as functions, for the outbox. */
export const notify = {
  subscribed: (listener: HubListener): void => listener.onSubscribed(),
  interrupted: (listener: HubListener): void => listener.onInterrupted(),
  replaced: (listener: HubListener): void => listener.onReplaced(),
  released: (listener: HubListener): void => listener.onReleased(),
};

/**
 * The way in which a listener leaves. `'draining'`: the listener receives all messages that Redis has sent by now.
 * `'at-once'`: the listener needs no further messages, only the call of `onReleased` once none can arrive.
 */
export type Leave = 'at-once' | 'draining';
