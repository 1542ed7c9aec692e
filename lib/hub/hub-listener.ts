import type { Message } from '../channel.js';

/**
 * Where a text goes whose listener does nothing but hand it to one stream. That keeps its order also where a message comes
 * while an earlier one is being handled, so that its hub need not. A subscription remembers it, because to ask the listener for each
 * message would cost as much as all the rest.
 */
export interface FastPath {
  /** What is to stand as the source of the message. */
  readonly channel: object;
  readonly stream: { accept(raw: Message<string | Buffer>, isDecoded: boolean): void };
  /** Whether the text is in the stream's form already. */
  readonly isIdentity: boolean;
}

/** One who wants what a subscription carries: a Channel of some Receiver. */
export interface HubListener {
  /** Whether it wants Buffers; else it gets strings. */
  readonly binary: boolean;
  /** Its hub is told of every change, by `updateFastPath`, except when it attaches or detaches. */
  readonly fastPath: FastPath | undefined;
  /** `rawChannel`: the bytes of the channel's name, in binary mode. */
  receive(data: string | Buffer, channel: string, rawChannel?: Buffer): void;
  /** Redis has acknowledged: what is published from now on comes. May be told more than once. */
  onSubscribed(): void;
  /** Nothing comes until the next `onSubscribed`: the connection is lost, or Redis has dropped the name. */
  onInterrupted(): void;
  /** Redis is about to drop what the listener had before it came back: the next `onSubscribed` is a new subscription. */
  onReplaced(): void;
  /** It has left, and nothing can come any more. */
  onReleased(): void;
  /** Redis refused, and the listener has been let go. */
  onRefused(cause: unknown): void;
  /** The client has ended, with an error if it gave up, and the listener has been let go. */
  onEnded(error: Error | undefined): void;
}

/**
 * How a listener leaves: `'draining'`, it takes what Redis has sent by now; `'at-once'`, it needs nothing but to be told when
 * nothing can come any more.
 */
export type Leave = 'at-once' | 'draining';
