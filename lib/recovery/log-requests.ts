import type { LoggedMessage } from '../log/envelope.js';
import type { LogId } from '../log/log-id.js';
import type { LogReader } from './log-reader.js';
import { refusedLog, type RecoveryError } from './recovery-error.js';
import { RetriedRequests } from './retried-requests.js';

/** The requests for one log, one at a time. */
export class LogRequests {
  readonly #reader: LogReader;
  readonly #log: string;
  readonly #requests: RetriedRequests;

  constructor(reader: LogReader, log: string, onRefused: (error: RecoveryError) => void) {
    this.#reader = reader;
    this.#log = log;
    this.#requests = new RetriedRequests(reader, { onRefused: (error) => onRefused(refusedLog(log, error)) });
  }

  /** Reads messages, as {@link LogReader.read} does. */
  read(from: string, count: number, onReply: (entries: readonly LoggedMessage[]) => void): void {
    this.#requests.ask<readonly LoggedMessage[]>(
      (request) => this.#reader.read(this.#log, from, count, request),
      onReply,
    );
  }

  /** Reads the id of the last message that the log has ever had; undefined if there is no log. */
  readLast(onReply: (last: LogId | undefined) => void): void {
    this.#requests.ask<LogId | undefined>((request) => this.#reader.readLast(this.#log, request), onReply);
  }

  cancel(): void {
    this.#requests.cancel();
  }
}
