import { asyncScheduler } from 'rxjs';
import { formatLogId, type LogId } from '../log/log-id.js';
import type { LogReader } from './log-reader.js';

/** Checks, once in a heartbeat, whether the log has a message that has not arrived. */
export class SilenceCheck {
  readonly #reader: LogReader;
  readonly #log: string;
  /** The position at the last check. */
  #last: LogId | undefined;

  constructor(reader: LogReader, log: string) {
    this.#reader = reader;
    this.#log = log;
  }

  /** Reads the log behind the position, if this is the position of the last check, too. */
  run(id: LogId, onFound: (since: number) => void): void {
    const hasMoved = id !== this.#last;
    this.#last = id;
    if (hasMoved) return;
    const since = asyncScheduler.now();
    this.#reader.read(this.#log, `(${formatLogId(id)}`, 1, {
      onReply: ([entry]) => entry && onFound(since),
      // The next round reports the error.
      onError: () => undefined,
    });
  }
}
