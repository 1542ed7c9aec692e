import { isError, toError } from '../errors/to-error.js';
import { hubOf } from '../cluster/hub-of.js';
import type { OwnedClient } from './client-factory.js';
import type { OpenTarget } from './open-options.js';
import { describeTarget } from './server-address.js';

/** The function that is called after each failed attempt to connect to `where`; `attempt` counts from 1 in each outage. */
export type OnFailedTry = (error: Error, attempt: number, where: string) => void;

/** The messages with which a Sentinel client passes on the errors of the clients inside it. */
const OF_A_NODE = /^(Master|Replica|Sentinel) Client \(/;

/** The failed attempts to connect: of one client after another until one is connected, and later of that one. */
export class Tries {
  readonly where: string;
  readonly #target: OpenTarget;
  readonly #onFailed: OnFailedTry | undefined;
  #attempt = 0;
  #lastError: Error | undefined;
  /** The client's last error that is not a failed attempt by itself: one of several servers did not answer. */
  #lastDetail: Error | undefined;
  #hasOpened = false;
  /** The client that connects or has connected; undefined once it is given up. */
  #client: OwnedClient | undefined;

  constructor(target: OpenTarget, onFailed: OnFailedTry | undefined) {
    this.where = describeTarget(target);
    this.#target = target;
    this.#onFailed = onFailed;
  }

  /** The error of the last failed attempt. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** The number of attempts that have failed since the opening began, or since the connection was lost. */
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

  /** Ignores all events of the client from now on. */
  ignore(): void {
    this.#client = undefined;
  }

  /** Notes that the client is connected: from now on, a failed attempt is one to reconnect. */
  opened(): void {
    this.#hasOpened = true;
    this.#attempt = 0;
  }

  /** Returns the error with which a client has given up, with its preceding error as the cause. */
  explain(reason: unknown): unknown {
    const detail = this.#lastDetail ?? this.#lastError;
    if (isError(reason) && reason.cause === undefined && detail && !isPartOf(reason, detail))
      reason.cause = detail;
    return reason;
  }

  /** Reports that a client of several servers gave up and another one follows, unless it reported an attempt itself. */
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
      // A ping in flight fails with the error of the loss. Version 5 emits the error of some attempts twice.
      if (state !== 'trying' || error === loss) return;
      state = 'failed';
      this.#fail(client, toError(error));
    });
  }

  #watchCluster(client: OwnedClient): void {
    // A cluster client tries its root nodes one after another, and has failed when `connect` rejects.
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
      // The client emits the same error once more, as a string.
      if (!isError(error)) return;
      this.#lastDetail = error;
      if (!OF_A_NODE.test(error.message) && ++unanswered % sentinels > 0) return;
      this.#failIfAway(client, error);
    });
    // This event comes even if the user does not want these errors as 'error'.
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

  /** Counts a failed attempt only if a connection that is needed is lost: a client of several servers may lose others. */
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

/** Returns whether `error` is `detail`, or one of its causes. */
function isPartOf(error: Error, detail: Error): boolean {
  for (let cause: unknown = detail; isError(cause); cause = cause.cause) if (cause === error) return true;
  return false;
}
