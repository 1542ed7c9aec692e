import { asyncScheduler, Subscription } from 'rxjs';
import { reasonOf } from '../errors/reason-of.js';
import type { PubSubClient } from '../hub/client.js';
import { originOf } from '../hub/shared-emitter.js';
import { NONCE_FIELD, PAYLOAD_FIELD } from '../log/append-script.js';
import type { LoggedMessage } from '../log/envelope.js';
import type { StreamEntry } from '../log/log-client.js';
import { parseLogId, type LogId } from '../log/log-id.js';
import type { Duplicable, LogRequest } from './log-connection.js';
import { SharedConnection } from './shared-connection.js';

/** A Channel whose log is read. */
export interface LogUser {
  /** Milliseconds between checks of the log for messages that have not arrived; 0 for no checks. */
  readonly heartbeat: number;
  /** Called once in a heartbeat. */
  check(): void;
}

/** Reads logs for all Channels on one client, over a connection without subscriptions that is open while there are any. */
export class LogReader {
  readonly #connection: SharedConnection;
  readonly #users = new Set<LogUser>();
  #beat = Subscription.EMPTY;
  #period = 0;

  constructor(source: PubSubClient) {
    this.#connection = new SharedConnection(source);
  }

  join(user: LogUser): void {
    this.#users.add(user);
    const beat = this.#connection.isVirtual ? 0 : user.heartbeat;
    if (beat > 0 && (this.#beat.closed || beat < this.#period)) this.#schedule(beat);
  }

  /** Closes the connection with its last user. */
  leave(user: LogUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#beat.unsubscribe();
    this.#connection.close();
  }

  /** The client whose Channels have the logs. */
  get client(): PubSubClient & Duplicable {
    return this.#connection.source;
  }

  isSilentFor(milliseconds: number): boolean {
    return this.#connection.isSilentFor(milliseconds);
  }

  renew(): void {
    this.#connection.renew();
  }

  /** Reads at most `count` messages; `from` is an id, or `(` and an id for those behind it, or `-` for all. */
  read(log: string, from: string, count: number, request: LogRequest<readonly LoggedMessage[]>): void {
    this.#connection.send((client) => client.xRange(log, from, '+', { COUNT: count }), {
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
    this.#connection.send((client) => client.xInfoStream(log), {
      onReply: (info) => request.onReply(parseLogId(String(info['last-generated-id']))),
      onError: (error) => {
        if (reasonOf(error).includes('no such key')) request.onReply(undefined);
        else request.onError(error);
      },
    });
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
