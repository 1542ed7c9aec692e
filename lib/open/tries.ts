import { isError, toError } from '../errors/to-error.js';
import { hubOf } from '../cluster/hub-of.js';
import type { OwnedClient } from './client-factory.js';
import type { OpenTarget } from './open-options.js';
import { describeTarget } from './server-address.js';

/** Hears of each failed try to connect to `where`; `attempt` counts from 1 in each outage. */
export type OnFailedTry = (error: Error, attempt: number, where: string) => void;

/** The errors of the clients that a Sentinel set's client has inside, as that passes them on. */
const OF_A_NODE = /^(Master|Replica|Sentinel) Client \(/;

/** Counts the tries to connect that fail, of one client after another until one is connected, and of that one later. */
export class Tries {
  readonly where: string;
  readonly #target: OpenTarget;
  readonly #onFailed: OnFailedTry | undefined;
  #attempt = 0;
  #lastError: Error | undefined;
  /** What the client last said that is no failed try by itself: one of several servers that did not answer. */
  #lastDetail: Error | undefined;
  #hasOpened = false;
  /** The client that is being connected, or is; none once it was given up. */
  #client: OwnedClient | undefined;

  constructor(target: OpenTarget, onFailed: OnFailedTry | undefined) {
    this.where = describeTarget(target);
    this.#target = target;
    this.#onFailed = onFailed;
  }

  /** The error of the last try that failed. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** How many have failed since the opening began, or since the connection was lost. */
  get attempt(): number {
    return this.#attempt;
  }

  watch(client: OwnedClient): void {
    this.#client = client;
    this.#lastDetail = undefined;
    switch (this.#target.kind) {
      case 'server':
        return this.#watchServer(client);
      case 'cluster':
        return this.#watchCluster(client);
      case 'sentinel':
        return this.#watchSentinel(client, this.#target.options.sentinelRootNodes.length);
    }
  }

  /** What the client says from now on is no try. */
  ignore(): void {
    this.#client = undefined;
  }

  /** The client is connected: from now on, a failed try is one to reconnect. */
  opened(): void {
    this.#hasOpened = true;
    this.#attempt = 0;
  }

  /** Returns the error with which a client has given up, with what it said before as its cause. */
  explain(reason: unknown): unknown {
    const detail = this.#lastDetail ?? this.#lastError;
    if (isError(reason) && reason.cause === undefined && detail && !isPartOf(reason, detail))
      reason.cause = detail;
    return reason;
  }

  /** A client of several servers has given up, and another one follows: that is news where it has told nothing itself. */
  rejected(reason: unknown, attemptBefore: number): void {
    if (this.#attempt === attemptBefore) this.#tell(toError(this.explain(reason)));
  }

  #watchServer(client: OwnedClient): void {
    let state: 'connected' | 'trying' | 'failed' = 'trying';
    let loss: unknown;
    client.on('ready', () => {
      state = 'connected';
      this.#attempt = 0;
    });
    client.on('reconnecting', () => {
      state = 'trying';
    });
    client.on('error', (error) => {
      if (state === 'connected') loss = error;
      // A ping that was on its way fails with the error of the loss. Version 5 emits the error of some tries twice.
      if (state !== 'trying' || error === loss) return;
      state = 'failed';
      this.#fail(client, toError(error));
    });
  }

  #watchCluster(client: OwnedClient): void {
    // Its root nodes are tried one after another: it has failed when it rejects.
    client.on('error', (error) => {
      this.#lastDetail = toError(error);
      if (this.#hasOpened) this.#failIfAway(client, this.#lastDetail);
    });
    client.on('node-error', (error) => this.#failIfAway(client, toError(error)));
    client.on('node-ready', () => this.#recover());
  }

  #watchSentinel(client: OwnedClient, sentinels: number): void {
    let unanswered = 0;
    client.on('error', (error) => {
      // It says the same once more, as a string.
      if (!isError(error)) return;
      this.#lastDetail = error;
      if (!OF_A_NODE.test(error.message) && ++unanswered % sentinels > 0) return;
      this.#failIfAway(client, error);
    });
    // Also where the user does not want these as 'error'.
    client.on('client-error', (event) => {
      const { error } = event as { readonly error: Error };
      if (error !== this.#lastError?.cause) this.#failIfAway(client, error);
    });
    client.on('topology-change', () => {
      unanswered = 0;
    });
    client.on('ready', () => this.#recover());
  }

  #recover(): void {
    if (this.#hasOpened) this.#attempt = 0;
  }

  /** A client of several servers may lose one that is of no concern. */
  #failIfAway(client: OwnedClient, error: Error): void {
    if (!this.#hasOpened || hubOf(client).isAway) this.#fail(client, error);
    else this.#attempt = 0;
  }

  #fail(client: OwnedClient, error: Error): void {
    if (client === this.#client && client.isOpen) this.#tell(error);
  }

  #tell(error: Error): void {
    this.#lastError = error;
    this.#onFailed?.(error, ++this.#attempt, this.where);
  }
}

/** Whether one of the two is the other, or its cause. */
function isPartOf(error: Error, detail: Error): boolean {
  for (let cause: unknown = detail; isError(cause); cause = cause.cause) if (cause === error) return true;
  return false;
}
