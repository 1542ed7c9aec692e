import type { Follower } from '../recovery/follower.js';
import type { Unserved } from './channel-life.js';
import type { AcknowledgementWaiter, AttachedChannel, Attachment } from './attachment.js';

/** The part of a Channel's core that leaves everything about the subscription to an {@link Attachment}. */
export abstract class AttachedCore<C extends AttachedChannel> {
  /** The count that includes this Channel while the Receiver waits for its acknowledgement. */
  unserved: Unserved | undefined = undefined;
  protected abstract readonly attachment: Attachment<C>;

  /** The follower of the log or stream, if the Channel has one. */
  get follower(): Follower | undefined {
    return this.attachment.follower;
  }

  /** True while the subscription may still deliver messages to this Channel. */
  get isAttached(): boolean {
    return this.attachment.at !== 'off';
  }

  get isServed(): boolean {
    return this.attachment.isServed;
  }

  /** Calls a waiter when Redis has acknowledged the subscription, or the subscription fails, or the Channel is closed. */
  addWaiter(waiter: AcknowledgementWaiter): void {
    this.attachment.addWaiter(waiter);
  }

  onSubscribed(): void {
    this.attachment.onSubscribed();
  }

  onInterrupted(): void {
    this.attachment.onInterrupted();
  }

  onReplaced(): void {
    this.attachment.onReplaced();
  }

  onReleased(): void {
    this.attachment.onReleased();
  }

  onRefused(cause: unknown): void {
    this.attachment.onRefused(cause);
  }

  onRoom(): void {
    this.follower?.resume();
  }
}
