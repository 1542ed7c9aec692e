import { asyncScheduler, Subscription } from 'rxjs';
import { reasonOf } from '../errors/reason-of.js';
import type { LogRequest } from './log-connection.js';

/** Milliseconds before the first further attempt, also after a refusal; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Milliseconds without any reply after which the connection is replaced; doubled until there is one. */
const PATIENCE = 5_000;

/** The number of attempts in a row that fail before this is told. */
const MOST_SILENT_FAILURES = 5;

/** Replies of Redis after which another attempt would fail, too. */
const REFUSALS =
  /^(NOPERM|NOAUTH|NOGROUP|UNBLOCKED|WRONGTYPE|WRONGPASS|DENIED|ERR (?!max number of clients|Can't execute))/;

/** A connection that can be replaced by another one. */
export interface RetriedConnection {
  /** Returns whether the connection has brought no reply for so many milliseconds. */
  isSilentFor(milliseconds: number): boolean;
  renew(): void;
  /** True if a reply may take any time: the connection is in memory, and cannot die unnoticed. */
  readonly isPatient?: boolean;
}

/** Told of requests that do not succeed. */
export interface RetriedRequestsObserver {
  /** Called when Redis refuses a request, which is not made again. */
  onRefused(error: unknown): void;
  /** Called once when attempts fail again and again; they go on. */
  onFailing?(error: unknown): void;
}

/** Requests, one at a time. A request that fails with its connection is made again, until it is cancelled. */
export class RetriedRequests {
  readonly #connection: RetriedConnection;
  readonly #observer: RetriedRequestsObserver;
  /** Changes with each cancellation: a reply to an earlier request then has no effect. */
  #run = {};
  #pause = FIRST_PAUSE;
  /** Epoch milliseconds: the time before which no request follows a refusal. */
  #notBefore = 0;
  #retry = Subscription.EMPTY;
  #patience = PATIENCE;
  #timer = Subscription.EMPTY;
  #failures = 0;

  constructor(connection: RetriedConnection, observer: RetriedRequestsObserver) {
    this.#connection = connection;
    this.#observer = observer;
  }

  ask<T>(send: (request: LogRequest<T>) => void, onReply: (value: T) => void): void {
    const pause = this.#notBefore - asyncScheduler.now();
    if (pause > 0) this.#retry = asyncScheduler.schedule(() => this.#askNow(send, onReply), pause);
    else this.#askNow(send, onReply);
  }

  cancel(): void {
    this.#run = {};
    this.#retry.unsubscribe();
    this.#timer.unsubscribe();
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
        this.#failures = 0;
        onReply(value);
      },
      onError: (error) => {
        if (run !== this.#run) return;
        this.#timer.unsubscribe();
        const pause = this.#pause;
        this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
        if (REFUSALS.test(reasonOf(error))) {
          this.#notBefore = asyncScheduler.now() + pause;
          this.#observer.onRefused(error);
        } else {
          this.#retry = asyncScheduler.schedule(() => this.#askNow(send, onReply), pause);
          this.#failures++;
          if (this.#failures === MOST_SILENT_FAILURES) this.#observer.onFailing?.(error);
        }
      },
    });
  }

  #awaitReply(): void {
    this.#timer.unsubscribe();
    if (this.#connection.isPatient === true) return;
    this.#timer = asyncScheduler.schedule(() => this.#onLate(), this.#patience);
  }

  /** Waits on while the connection brings replies to other requests: this one is behind them. */
  #onLate(): void {
    if (!this.#connection.isSilentFor(this.#patience)) return this.#awaitReply();
    this.#patience *= 2;
    this.#connection.renew();
  }
}
