import { asyncScheduler } from 'rxjs';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient } from '../hub/client.js';
import { closeClient } from '../hub/close-client.js';
import { holdWritesWhileOffline } from '../cluster/hold-writes.js';
import { whenReplied, type LogClient, type LogCommands, type Reply } from '../log/log-client.js';
import { reportUnhandled } from '../report-unhandled.js';

/** Called with a reply of Redis, or with an error. */
export interface LogRequest<T> {
  readonly onReply: (value: T) => void;
  readonly onError: (error: unknown) => void;
}

/** One connection that reads logs. Commands wait until it is open. */
export class LogConnection {
  readonly #client: LogClient;
  readonly #commands: LogCommands;
  #waiting: ((error?: unknown) => void)[] | undefined = [];
  #error: unknown;
  #isClosed = false;
  #heardAt = asyncScheduler.now();
  /** The requests that have no reply yet, in the order of sending: the function that ends each of them with an error. */
  readonly #pending = new Set<(error: unknown) => void>();

  constructor(client: LogClient) {
    this.#client = client;
    this.#commands = client.withTypeMapping({ 36: Buffer });
    client.on('error', () => undefined);
    holdWritesWhileOffline(client);
    const open = () => (client.isOpen ? undefined : client.connect());
    whenReplied(
      open,
      () => this.#onOpen(undefined),
      (error) => this.#onOpen(error),
    );
  }

  /** True if the client could not connect, or has lost its connection, and will not try again. */
  get hasFailed(): boolean {
    return this.#error !== undefined || (!this.#waiting && !this.#client.isOpen);
  }

  /**
   * Epoch milliseconds: the time of the last reply to the request that had waited longest, or of the creation. On a cluster, a node
   * that does not reply is not hidden by the replies of the others.
   */
  get heardAt(): number {
    return this.#heardAt;
  }

  send<T>(
    command: (commands: LogCommands, client: LogClient) => Reply<T>,
    { onReply, onError }: LogRequest<T>,
  ): void {
    const fail = (error: unknown) => {
      if (this.#pending.delete(fail)) onError(error);
    };
    const note = () => {
      const [oldest] = this.#pending;
      if (oldest === fail) this.#heardAt = asyncScheduler.now();
    };
    const succeed = (value: T) => {
      note();
      if (this.#pending.delete(fail)) onReply(value);
    };
    const refuse = (error: unknown) => {
      note();
      fail(error);
    };
    const run = (error?: unknown) => {
      if (error === undefined) whenReplied(() => command(this.#commands, this.#client), succeed, refuse);
      else fail(error);
    };
    this.#pending.add(fail);
    if (this.#waiting) this.#waiting.push(run);
    else run(this.#error);
  }

  close(): void {
    this.#isClosed = true;
    this.#pending.clear();
    closeClient(this.#client);
  }

  /** Closes the connection; the requests that have no reply fail. */
  abandon(): void {
    for (const fail of [...this.#pending]) fail(new Error('The connection was replaced'));
    this.close();
  }

  #onOpen(error: unknown): void {
    if (this.#isClosed) return;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#error = error;
    for (const run of waiting) {
      try {
        run(error);
      } catch (thrown) {
        reportUnhandled(thrown);
      }
    }
  }
}

/** A client that can make another one with the same options. */
export interface Duplicable {
  duplicate(overrides: object): LogClient;
}

export function assertDuplicable(client: PubSubClient): asserts client is PubSubClient & Duplicable {
  if (typeof (client as Partial<Duplicable>).duplicate === 'function') return;
  const advice = 'The log is read on a connection of its own.';
  throw invalidArgument(
    'the client',
    "one with the function duplicate for the option 'recover'",
    client,
    advice,
  );
}
