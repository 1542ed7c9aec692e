import type { LoggedMessage } from '../log/envelope.js';
import { asyncScheduler, Subscription } from 'rxjs';
import { invalidArgument } from '../errors/invalid-argument.js';
import { reasonOf } from '../errors/reason-of.js';
import type { PubSubClient } from '../hub/client.js';
import { originOf } from '../hub/shared-emitter.js';
import { closeClient } from '../hub/close-client.js';
import { reportUnhandled } from '../report-unhandled.js';
import { NONCE_FIELD, PAYLOAD_FIELD } from '../log/append-script.js';
import {
  whenReplied,
  type LogClient,
  type LogCommands,
  type Reply,
  type StreamEntry,
} from '../log/log-client.js';
import { parseLogId, type LogId } from '../log/log-id.js';
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

/** Called with a reply of Redis, or with an error. */
export interface LogRequest<T> {
  readonly onReply: (value: T) => void;
  readonly onError: (error: unknown) => void;
}

/** Reads logs for all Channels on one client, over a connection without subscriptions that is open while there are any. */
export class LogReader {
  readonly #source: PubSubClient & Duplicable;
  readonly #users = new Set<LogUser>();
  #connection: LogConnection | undefined;
  #isRenewed = false;
  #beat = Subscription.EMPTY;
  #period = 0;

  constructor(source: PubSubClient) {
    assertDuplicable(source);
    this.#source = source;
  }

  join(user: LogUser): void {
    this.#users.add(user);
    // A client in memory loses nothing silently, and a timer that repeats would keep virtual time going without end.
    const beat = 'sendCommand' in this.#source ? user.heartbeat : 0;
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
    this.#connection ??= new LogConnection(
      this.#source.duplicate({ useReplicas: false, replicaPoolSize: 0 }),
    );
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

/** One connection that reads logs. Commands wait until it is open. */
class LogConnection {
  readonly #client: LogClient;
  readonly #commands: LogCommands;
  #waiting: ((error?: unknown) => void)[] | undefined = [];
  #error: unknown;
  #isClosed = false;
  /** Epoch milliseconds: the time of the last reply, or of the creation. */
  heardAt = asyncScheduler.now();
  /** The requests that have no reply yet. */
  readonly #pending = new Set<(error: unknown) => void>();

  /** True if the client could not connect, or has lost its connection, and will not try again. */
  get hasFailed(): boolean {
    return this.#error !== undefined || (!this.#waiting && !this.#client.isOpen);
  }

  constructor(client: LogClient) {
    this.#client = client;
    this.#commands = client.withTypeMapping({ 36: Buffer });
    client.on('error', () => undefined);
    const open = () => (client.isOpen ? undefined : client.connect());
    whenReplied(
      open,
      () => this.#onOpen(undefined),
      (error) => this.#onOpen(error),
    );
  }

  send<T>(command: (client: LogCommands) => Reply<T>, { onReply, onError }: LogRequest<T>): void {
    const fail = (error: unknown) => {
      if (this.#pending.delete(fail)) onError(error);
    };
    const run = (error?: unknown) => {
      if (error !== undefined) {
        fail(error);
        return;
      }
      const reply = (value: T) => {
        this.heardAt = asyncScheduler.now();
        if (this.#pending.delete(fail)) onReply(value);
      };
      const refuse = (reason: unknown) => {
        this.heardAt = asyncScheduler.now();
        fail(reason);
      };
      whenReplied(() => command(this.#commands), reply, refuse);
    };
    this.#pending.add(fail);
    if (this.#waiting) this.#waiting.push(run);
    else run(this.#error);
  }

  close(): void {
    this.#isClosed = true;
    this.#pending.clear();
    closeClient(this.#client as never);
  }

  /** Closes the connection; the requests that have no reply fail. */
  abandon(): void {
    const pending = [...this.#pending];
    this.close();
    for (const fail of pending) {
      this.#pending.add(fail);
      fail(new Error('The connection for logs was replaced.'));
    }
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

interface Duplicable {
  duplicate(overrides: object): LogClient;
}

function assertDuplicable(client: PubSubClient): asserts client is PubSubClient & Duplicable {
  if (typeof (client as Partial<Duplicable>).duplicate === 'function') return;
  const advice = 'The log is read on a connection of its own.';
  throw invalidArgument(
    'the client',
    "one with the function duplicate for the option 'recover'",
    client,
    advice,
  );
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
