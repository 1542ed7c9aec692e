import { asyncScheduler } from 'rxjs';
import type { LogClient, Reply } from '../log/log-client.js';
import { isRaw, sendRaw } from '../streams/stream-commands.js';
import { LogConnection, type LogRequest } from '../recovery/log-connection.js';
import type { RetriedConnection } from '../recovery/retried-requests.js';
import type { GroupConnection } from './group-connection.js';

/** Milliseconds for which a read waits for entries: less than any heartbeat, or time limit of a socket, that makes sense. */
const BLOCK = 1_000;

/** A connection of its own for reads that wait, open while there are any. */
export class BlockingConnection implements RetriedConnection {
  /** True for a Redis in memory, where a read waits without end: a wait that repeats would keep virtual time going. */
  readonly isPatient: boolean;
  /** The connection for other commands, on which a read is ended. */
  readonly #commands: GroupConnection;
  #connection: LogConnection | undefined;
  #id: number | undefined;
  #isInterrupted = false;

  constructor(commands: GroupConnection) {
    this.#commands = commands;
    this.isPatient = commands.hub.connection.isVirtual;
  }

  isSilentFor(milliseconds: number): boolean {
    return asyncScheduler.now() - (this.#connection?.heardAt ?? 0) >= milliseconds;
  }

  renew(): void {
    const connection = this.#connection;
    this.#connection = this.#id = undefined;
    connection?.abandon();
  }

  send<T>(command: (client: LogClient, block: number) => Reply<T>, request: LogRequest<T>): void {
    if (this.#connection?.hasFailed === true) this.close();
    this.#connection ??= this.#open();
    this.#isInterrupted = false;
    this.#connection.send((_, client) => command(client, this.isPatient ? 0 : BLOCK), request);
  }

  /**
   * Ends the read that waits; returns true if it has no reply any more. Without the permission for that, the read ends when its
   * time is over.
   */
  interrupt(): boolean {
    if (this.isPatient) this.close();
    else this.#unblock();
    return this.isPatient;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = this.#id = undefined;
  }

  #unblock(): void {
    const id = this.#id;
    // The id is on its way, in front of the reply to the read.
    this.#isInterrupted = id === undefined;
    if (id === undefined) return;
    const request = { onReply: () => undefined, onError: () => undefined };
    this.#commands.hub.connection.send((_, client) => sendClient(client, 'UNBLOCK', String(id)), request);
  }

  #open(): LogConnection {
    const { source } = this.#commands.hub.connection;
    const client = source.duplicate({ useReplicas: false, replicaPoolSize: 0 });
    const connection = new LogConnection(client);
    if (this.isPatient) return connection;
    // In front of the first read. A client that reconnects has another id.
    this.#askId(connection);
    let isFirst = true;
    client.on('ready', () => {
      if (!isFirst && connection === this.#connection) this.#askId(connection);
      isFirst = false;
    });
    return connection;
  }

  #askId(connection: LogConnection): void {
    this.#id = undefined;
    connection.send<unknown>((_, client) => sendClient(client, 'ID'), {
      onReply: (id) => {
        if (connection !== this.#connection) return;
        this.#id = Number(id);
        if (this.#isInterrupted) this.#unblock();
      },
      onError: () => undefined,
    });
  }
}

/** Sends a command of the family CLIENT, with which a read that waits is ended. */
function sendClient(client: LogClient, ...args: readonly string[]): Reply<unknown> {
  return isRaw(client) ? sendRaw(client, undefined, ['CLIENT', ...args], false) : undefined;
}
