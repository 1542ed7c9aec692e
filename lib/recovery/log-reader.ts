import { asyncScheduler, Subscription } from 'rxjs';
import { reasonOf } from '../errors/reason-of.js';
import type { PubSubClient } from '../hub/client.js';
import { originOf } from '../hub/shared-emitter.js';
import { NONCE_FIELD, PAYLOAD_FIELD } from '../log/append-script.js';
import type { LoggedMessage } from '../log/envelope.js';
import type { LogCommands, Reply, StreamEntry } from '../log/log-client.js';
import { parseLogId, type LogId } from '../log/log-id.js';
import { assertDuplicable, LogConnection, type Duplicable, type LogRequest } from './log-connection.js';
import type { Recover } from './recover-options.js';

/** A Channel whose log is read. */
export interface LogUser {
  /** Milliseconds between checks of the log for messages that have not arrived; 0 for no checks. */
  readonly heartbeat: number;
  /** Called once in a heartbeat. */
  check(): void;
}

/** The log of a Channel, and the connection on which it is read. */
export interface RecoverySource {
  readonly options: Recover;
  readonly reader: LogReader;
}

/** Reads logs for all Channels on one client, over a connection without subscriptions that is open while there are any. */
export class LogReader {
  /** The client whose Channels have the logs. */
  readonly client: PubSubClient & Duplicable;
  readonly #users = new Set<LogUser>();
  #connection: LogConnection | undefined;
  #isRenewed = false;
  #beat = Subscription.EMPTY;
  #period = 0;

  constructor(source: PubSubClient) {
    assertDuplicable(source);
    this.client = source;
  }

  join(user: LogUser): void {
    this.#users.add(user);
    // A client in memory loses nothing silently, and a timer that repeats would keep virtual time going without end.
    const beat = 'sendCommand' in this.client ? user.heartbeat : 0;
    if (beat > 0 && (this.#beat.closed || beat < this.#period)) this.#schedule(beat);
  }

  /** Closes the connection with its last user. */
  leave(user: LogUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#beat.unsubscribe();
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Returns whether the connection has brought no reply for so many milliseconds. */
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

  /** Reads at most `count` messages; `from` is an id, or `(` and an id for those behind it, or `-` for all. */
  read(log: string, from: string, count: number, request: LogRequest<readonly LoggedMessage[]>): void {
    this.#send((client) => client.xRange(log, from, '+', { COUNT: count }), {
      onReply: (entries) => {
        const known = (entries ?? []).map(toLogEntry);
        if (known.every((entry) => entry !== undefined)) request.onReply(known);
        else request.onError(new Error(`WRONGTYPE ${log} is a stream, but recoverable() has not written it`));
      },
      onError: (error) => request.onError(error),
    });
  }

  /** Reads the id of the last message that the log has ever had; undefined if there is no log. */
  readLast(log: string, request: LogRequest<LogId | undefined>): void {
    this.#send((client) => client.xInfoStream(log), {
      onReply: (info) => request.onReply(parseLogId(String(info['last-generated-id']))),
      onError: (error) => {
        if (reasonOf(error).includes('no such key')) request.onReply(undefined);
        else request.onError(error);
      },
    });
  }

  #send<T>(command: (client: LogCommands) => Reply<T>, request: LogRequest<T>): void {
    if (this.#connection?.hasFailed === true) {
      this.#connection.close();
      this.#connection = undefined;
    }
    // A replica may lack the last messages.
    this.#connection ??= new LogConnection(this.client.duplicate({ useReplicas: false, replicaPoolSize: 0 }));
    this.#connection.send(command, request);
  }

  #schedule(period: number): void {
    this.#beat.unsubscribe();
    this.#period = period;
    this.#beat = asyncScheduler.schedule(() => {
      for (const user of this.#users) user.check();
      const beats = [...this.#users].map(({ heartbeat }) => heartbeat).filter((beat) => beat > 0);
      if (beats.length > 0) this.#schedule(beats.reduce((a, b) => Math.min(a, b)));
    }, period);
  }
}

function toLogEntry({ id, message }: StreamEntry): LoggedMessage | undefined {
  const parsed = parseLogId(String(id));
  const { [PAYLOAD_FIELD]: payload, [NONCE_FIELD]: nonce } = message;
  if (!parsed || payload === undefined || nonce === undefined) return undefined;
  return {
    id: parsed,
    idText: String(id),
    nonce: String(nonce),
    payload: Buffer.from(payload as Buffer),
    channel: undefined,
    rawChannel: undefined,
  };
}

const readers = new WeakMap<PubSubClient, LogReader>();

/** Returns the only reader of logs for a client. */
export function logReaderOf(client: PubSubClient): LogReader {
  const origin = originOf(client);
  let reader = readers.get(origin);
  if (!reader) readers.set(origin, (reader = new LogReader(origin)));
  return reader;
}
