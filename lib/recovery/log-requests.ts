import type { LoggedMessage } from '../log/envelope.js';
import { asyncScheduler, Subscription } from 'rxjs';
import { reasonOf } from '../errors/reason-of.js';
import type { LogId } from '../log/log-id.js';
import type { LogRequest } from './log-connection.js';
import type { LogReader } from './log-reader.js';
import { refusedLog, type RecoveryError } from './recovery-error.js';

/** Milliseconds before the first further attempt, also after a refusal; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Milliseconds without any reply after which the connection is replaced; doubled until there is one. */
const PATIENCE = 5_000;

/** Replies of Redis after which another attempt would fail, too. */
const REFUSALS = /^(NOPERM|NOAUTH|WRONGTYPE|WRONGPASS|DENIED|ERR (?!max number of clients|Can't execute))/;

/** The requests for one log, one at a time. A request that fails with its connection is made again, until it is cancelled. */
export class LogRequests {
  readonly #reader: LogReader;
  readonly #log: string;
  readonly #onRefused: (error: RecoveryError) => void;
  /** Changes with each cancellation: a reply to an earlier request then has no effect. */
  #run = {};
  #pause = FIRST_PAUSE;
  /** Epoch milliseconds: the time before which a refused log is not read again. */
  #notBefore = 0;
  #retry = Subscription.EMPTY;
  #patience = PATIENCE;
  #timer = Subscription.EMPTY;

  constructor(reader: LogReader, log: string, onRefused: (error: RecoveryError) => void) {
    this.#reader = reader;
    this.#log = log;
    this.#onRefused = onRefused;
  }

  /** Reads messages, as {@link LogReader.read} does. */
  read(from: string, count: number, onReply: (entries: readonly LoggedMessage[]) => void): void {
    this.#ask<readonly LoggedMessage[]>(
      (request) => this.#reader.read(this.#log, from, count, request),
      onReply,
    );
  }

  /** Reads the id of the last message that the log has ever had; undefined if there is no log. */
  readLast(onReply: (last: LogId | undefined) => void): void {
    this.#ask<LogId | undefined>((request) => this.#reader.readLast(this.#log, request), onReply);
  }

  cancel(): void {
    this.#run = {};
    this.#retry.unsubscribe();
    this.#timer.unsubscribe();
  }

  #ask<T>(send: (request: LogRequest<T>) => void, onReply: (value: T) => void): void {
    const pause = this.#notBefore - asyncScheduler.now();
    if (pause > 0) this.#retry = asyncScheduler.schedule(() => this.#askNow(send, onReply), pause);
    else this.#askNow(send, onReply);
  }

  #askNow<T>(send: (request: LogRequest<T>) => void, onReply: (value: T) => void): void {
    const run = this.#run;
    this.#awaitReply();
    send({
      onReply: (value) => {
        if (run !== this.#run) return;
        this.#timer.unsubscribe();
        this.#pause = FIRST_PAUSE;
        this.#patience = PATIENCE;
        onReply(value);
      },
      onError: (error) => {
        if (run !== this.#run) return;
        this.#timer.unsubscribe();
        const pause = this.#pause;
        this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
        if (REFUSALS.test(reasonOf(error))) {
          this.#notBefore = asyncScheduler.now() + pause;
          this.#onRefused(refusedLog(this.#log, error));
        } else {
          this.#retry = asyncScheduler.schedule(() => this.#askNow(send, onReply), pause);
        }
      },
    });
  }

  #awaitReply(): void {
    this.#timer.unsubscribe();
    this.#timer = asyncScheduler.schedule(() => this.#onLate(), this.#patience);
  }

  /** Waits on while the connection brings replies to other requests: this one is behind them. */
  #onLate(): void {
    if (!this.#reader.isSilentFor(this.#patience)) return this.#awaitReply();
    this.#patience *= 2;
    this.#reader.renew();
  }
}
