import type { Message } from '../channel.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { RawMessage } from './raw-message.js';

/** The part of a Receiver or a Channel that its subject needs. */
export interface BufferedSubjectHost<T> {
  /** Counts to which each delivered message is added. */
  readonly counts: { delivered: number };
  readonly bounds: Bounds;
  /** Decodes a message, or throws the error for the consumer. */
  decode(raw: RawMessage): Message<T>;
  /** Called when `decode` has thrown an error. */
  onUndecodable(error: Error): void;
  /** Called when a message has left the queue. */
  onTaken?(): void;
  /** Called when the first message waits in the queue and there is no observer. */
  onWaiting?(): void;
  /** Takes a message that would have to wait in the queue otherwise; returns false if nothing takes it. */
  offer?(raw: RawMessage): boolean;
  /** Called when the first observer has subscribed, before it receives the waiting messages. */
  onObserved(): void;
  /** Called when the last observer has unsubscribed. */
  onDeserted(): void;
  /** Called when an observer has unsubscribed and others remain. */
  onLeft?(): void;
}
