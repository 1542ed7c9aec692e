import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import type { LogClient, LogCommands, Reply } from '../log/log-client.js';
import { assertDuplicable, LogConnection, type Duplicable, type LogRequest } from './log-connection.js';
import type { RetriedConnection } from './retried-requests.js';

/** A connection beside that of a client, which is opened for the first request, and replaced when it has failed. */
export class SharedConnection implements RetriedConnection {
  /** The client beside which the connection is opened. */
  readonly source: PubSubClient & Duplicable;
  #connection: LogConnection | undefined;
  #isRenewed = false;

  constructor(source: PubSubClient) {
    assertDuplicable(source);
    this.source = source;
  }

  /** True for a client in memory, which loses nothing silently: a timer that repeats would keep virtual time going without end. */
  get isVirtual(): boolean {
    return 'xRead' in this.source && !('sendCommand' in this.source);
  }

  /** Returns whether the connection, or that of one node of a cluster, has brought no reply for so many milliseconds. */
  isSilentFor(milliseconds: number): boolean {
    const { heardAt = 0 } = this.#connection ?? {};
    return asyncScheduler.now() - heardAt >= milliseconds;
  }

  /** Replaces the connection once in a turn: it may be dead, or lead to a deposed master. Requests under way fail. */
  renew(): void {
    if (this.#isRenewed) return;
    this.#isRenewed = true;
    queueMicrotask(() => (this.#isRenewed = false));
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.abandon();
  }

  /** Sends a command; `client` replies with strings, and `commands` with Buffers. */
  send<T>(command: (commands: LogCommands, client: LogClient) => Reply<T>, request: LogRequest<T>): void {
    if (this.#connection?.hasFailed === true) this.close();
    // A replica may lack the last messages, and several connections would change the order of commands.
    this.#connection ??= new LogConnection(
      this.source.duplicate({ useReplicas: false, replicaPoolSize: 0, masterPoolSize: 1 }),
    );
    this.#connection.send(command, request);
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
