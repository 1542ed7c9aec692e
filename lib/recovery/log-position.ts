import { BEFORE_ALL, compareLogIds, type LogId } from '../log/log-id.js';

/** The number of messages that are missing before a message; `'unknown'` if another epoch of the log has begun. */
export type Missing = number | 'unknown';

/** The last message that a Channel has received, or has given up. */
export class LogPosition {
  #id: LogId;
  /** The name of this message, if the Channel has received it: the log may have another one with the same id. */
  #nonce: string | undefined;
  /** True if it is known that the log was deleted. */
  #isDeleted = false;
  /** True if messages before the first one that the log has are not missing. */
  #isOpen: boolean;

  /** @param id the id before the first message; `'start'` for the oldest message of the log */
  constructor(id: LogId | 'start') {
    this.#isOpen = id === 'start';
    this.#id = id === 'start' ? BEFORE_ALL : id;
  }

  get id(): LogId {
    return this.#id;
  }

  get nonce(): string | undefined {
    return this.#nonce;
  }

  moveTo(id: LogId, nonce?: string): void {
    this.#id = id;
    this.#nonce = nonce;
    this.#isOpen = false;
    this.#isDeleted = false;
  }

  /** Notes that there is no log: when it is created anew, it has another epoch. */
  noteDeletion(): void {
    this.#isDeleted = true;
  }

  /** Returns whether the log has lost the position, given the last id that it has ever had. */
  isLostBy(last: LogId | undefined): boolean {
    return last ? compareLogIds(last, this.#id) < 0 : !this.#isDeleted && this.#id.epoch > 0;
  }

  /** Ends the search for the oldest message: what the log loses from now on is missing. */
  close(): void {
    this.#isOpen = false;
  }

  /** Returns whether the message is at or before the position. */
  covers(id: LogId): boolean {
    return compareLogIds(id, this.#id) <= 0;
  }

  /** Returns whether the message is the next one, for a Channel that has missed nothing: a new epoch begins with the number 1. */
  isBefore(id: LogId): boolean {
    if (id.epoch === this.#id.epoch) return id.number === this.#id.number + 1;
    return id.epoch > this.#id.epoch && id.number === 1;
  }

  /** Returns how many messages are missing between the position and a later one. */
  missingBefore({ epoch, number }: LogId): Missing {
    return this.missingUpTo({ epoch, number: number - 1 });
  }

  /** Returns how many messages there are behind the position, up to this one. */
  missingUpTo({ epoch, number }: LogId): Missing {
    if (this.#isOpen) return 0;
    if (epoch === this.#id.epoch) return number - this.#id.number;
    return this.#id.epoch === 0 ? number : 'unknown';
  }
}
