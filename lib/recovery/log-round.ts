import type { LoggedMessage } from '../log/envelope.js';
import { compareLogIds, formatLogId, type LogId } from '../log/log-id.js';
import type { LogPosition } from './log-position.js';
import type { LogRequests } from './log-requests.js';

const FIRST_BATCH = 16;
const LARGEST_BATCH = 1_024;
/** The bytes that a batch should have. */
const BATCH_BYTES = 1024 * 1024;

/** The end of the log, as a round has found it. */
export interface LogEnd {
  /** The last id that the log has ever had, from before the messages were read; undefined if there was no log. */
  readonly last: LogId | undefined;
  /** True if the log ends before the position: it was deleted, or a replica without its last messages has become the master. */
  readonly isRewound: boolean;
}

/** Reads a log from a position to the end, in batches. The last id is read first: all messages up to it are then known. */
export class LogRound {
  readonly #requests: LogRequests;
  /** The number of messages in the next batch, adapted to their size. */
  #batch = FIRST_BATCH;

  constructor(requests: LogRequests) {
    this.#requests = requests;
  }

  /**
   * Calls `onEntry` with each message until the function returns false; calls `onEnd` at the end of the log. Calls `onReplaced`
   * if the log has another message at the position, and reads on if the function returns true.
   */
  read(
    position: LogPosition,
    onEntry: (entry: LoggedMessage) => boolean,
    onReplaced: () => boolean,
    onEnd: (end: LogEnd) => void,
  ): void {
    const { id: start } = position;
    this.#requests.readLast((last) => {
      const readOn = (nonce?: string) => {
        const count = this.#batch;
        // The message at the position is read again, to compare it.
        const from = (nonce === undefined ? '(' : '') + formatLogId(position.id);
        this.#requests.read(from, count, (entries) => {
          const [first] = entries;
          const isKnown = nonce !== undefined && first !== undefined && compareLogIds(first.id, start) === 0;
          if (isKnown && first.nonce !== nonce && !onReplaced()) return;
          this.#fit(entries);
          for (const entry of isKnown ? entries.slice(1) : entries) if (!onEntry(entry)) return;
          if (entries.length >= count) return readOn();
          onEnd({ last, isRewound: position.id === start && position.isLostBy(last) });
        });
      };
      readOn(position.nonce);
    });
  }

  #fit(entries: readonly LoggedMessage[]): void {
    if (entries.length === 0) return;
    const bytes = entries.reduce((sum, { payload }) => sum + payload.length, 1) / entries.length;
    this.#batch = Math.max(1, Math.min(LARGEST_BATCH, Math.floor(BATCH_BYTES / bytes)));
  }
}
