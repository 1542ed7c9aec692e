import { randomBytes } from 'node:crypto';
import { adviceFor, isIoredis } from '../errors/client-advice.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { reasonOf } from '../errors/reason-of.js';
import type { Publisher } from '../publisher.js';
import { whenReplied, type Reply, type ScriptClient } from '../log/log-client.js';
import { BEFORE_ALL, compareLogIds, parseLogId, type LogId } from '../log/log-id.js';
import { AppendRequests } from './append-requests.js';
import { assertLog, logOf } from './recover-options.js';
import { RecoveryError, refusedLog } from './recovery-error.js';

/** Options of {@link recoverable}. */
export interface RecoverableOptions {
  /**
   * The number of messages that a log keeps at least, a positive integer; Redis trims in whole nodes, and keeps some more.
   * @default 10_000
   */
  readonly keep?: number | undefined;
  /**
   * Milliseconds after which Redis deletes a log to which nothing has been published meanwhile, a positive integer.
   * @default never
   */
  readonly keepFor?: number | undefined;
  /**
   * Returns the key of the log of a channel, a Redis stream. Channels of a cluster need one in the slot of the channel only if
   * they are sharded.
   * @default `log:{NAME}` for the channel NAME, or `NAME:log` if the name has a hash tag of its own
   */
  readonly log?: ((channel: string) => string) | undefined;
}

/** A publisher whose messages can be recovered. */
export interface RecoverablePublisher extends Publisher {
  /** Appends a message to the log of a channel and publishes it; returns the number of subscribers that Redis has counted. */
  publish(channel: string, message: string | Buffer): Promise<number> | number;
  /** Appends a message to the log of a sharded channel and publishes it, as `publish` does. */
  sPublish(channel: string, message: string | Buffer): Promise<number> | number;
}

const OPTIONS = optionNames<RecoverableOptions>({ keep: true, keepFor: true, log: true });
const PERMISSIONS = '+eval +evalsha +xadd +publish +spublish +exists +xinfo|stream +time +xdel +pexpire';
const DEFAULT_KEEP = 10_000;
/** The number of logs whose last message a publisher remembers. Of others, Redis looks up the last message. */
const MOST_KNOWN = 10_000;

/**
 * Returns a publisher that appends each message to a log, a Redis stream, in the same step in which it publishes it. A
 * Channel with the option `recover` then misses nothing that the log has.
 *
 * ```text
 * publish      --a--b--c--d--e--f--
 * connection   ------|      |------
 * channel      --a--b-------cde-f--      c and d are read from the log
 * ```
 *
 * A message goes out in an envelope with its id: subscribers that are not of this package get `\0rx1 ID NONCE\nPAYLOAD`. All
 * Channels of this package take the payload out, also those without the option.
 *
 * ```ts
 * import { createClient } from 'redis';
 * import { Receiver, recoverable } from 'rx-redis-receiver';
 *
 * const client = await createClient({ url: process.env.REDIS_URL }).connect();
 * const publisher = recoverable(client, { keep: 1_000 });
 * const receiver = await Receiver.open(process.env.REDIS_URL);
 * receiver.channel('news', { recover: {} }).subscribe(({ id, data }) => console.log(id, data));
 *
 * await publisher.publish('news', 'hello');
 * ```
 *
 * It needs Redis 7 or later, or Valkey, and a user with the keys of the logs (`~log:*`), the channels, and the commands that the
 * script takes: `+eval +evalsha +xadd +publish +exists +xinfo|stream +time +xdel +pexpire`, and `+spublish` for sharded channels.
 * A client publishes in the order of the calls.
 *
 * @param client client that publishes, and stays open. Pass a connection without subscriptions
 * @throws {RecoveryError} by the promise of `publish`: the key of the log has another type, the server is too old, or the user
 * lacks a permission
 */
export function recoverable(client: ScriptClient, options: RecoverableOptions = {}): RecoverablePublisher {
  if (typeof (client as Partial<ScriptClient> | null)?.eval !== 'function' || isIoredis(client))
    throw invalidArgument(
      'the client',
      'one with the function eval of node-redis',
      client,
      adviceFor(client),
    );
  const { keep, keepFor, log: keyOf } = resolveRecoverable('the options of recoverable', options);
  const publisher = new LogPublisher(client, String(keep), String(keepFor));
  return {
    publish: (channel, message) => {
      const log: unknown = keyOf(channel);
      assertLog(log, undefined);
      return publisher.publish('PUBLISH', log, channel, message);
    },
    sPublish: (channel, message) => {
      const log: unknown = keyOf(channel);
      assertLog(log, channel);
      return publisher.publish('SPUBLISH', log, channel, message);
    },
  };
}

/** The options with the defaults filled in; a `keepFor` of 0 stands for never. */
type Recoverable = { readonly [K in keyof RecoverableOptions]-?: NonNullable<RecoverableOptions[K]> };

/** Checks the options and fills in the defaults. */
export function resolveRecoverable(what: string, options: RecoverableOptions): Recoverable {
  assertKnownOptions(what, options, OPTIONS);
  const { keep = DEFAULT_KEEP, keepFor, log = logOf } = options;
  assertPositive('keep', keep);
  if (keepFor !== undefined) assertPositive('keepFor', keepFor);
  if (typeof log !== 'function') throw invalidArgument("the option 'log'", 'a function', log);
  return { keep, keepFor: keepFor ?? 0, log };
}

class LogPublisher {
  readonly #requests: AppendRequests;
  readonly #keep: string;
  readonly #keepFor: string;
  /** The channel of each log, and the last message of it that this publisher knows. */
  readonly #known = new Map<string, { readonly channel: string; readonly last: LogId }>();
  readonly #name = randomBytes(6).toString('base64url');
  #count = 0;

  constructor(client: ScriptClient, keep: string, keepFor: string) {
    this.#requests = new AppendRequests(client);
    this.#keep = keep;
    this.#keepFor = keepFor;
  }

  publish(
    verb: 'PUBLISH' | 'SPUBLISH',
    log: string,
    channel: string,
    message: string | Buffer,
  ): Promise<number> | number {
    const { last, channel: owner } = this.#known.get(log) ?? { last: BEFORE_ALL, channel };
    if (owner !== channel) {
      const advice = `${JSON.stringify(owner)} has it already: the messages of a log do not name their channels.`;
      throw invalidArgument(`the log of ${JSON.stringify(channel)}`, 'a log of its own', log, advice);
    }
    const nonce = `${this.#name}.${(this.#count++).toString(36)}`;
    const known = [String(last.epoch), String(last.number)];
    const args = [verb, channel, message, nonce, this.#keep, this.#keepFor, ...known];
    const request = () => this.#requests.run({ keys: [log], arguments: args });
    return mapReply(
      request,
      (reply) => this.#onReply(log, channel, reply),
      (error) => toRecoveryError(log, error),
    );
  }

  #onReply(log: string, channel: string, reply: unknown): number {
    const [id, receivers] = reply as [string | Buffer, number];
    const known = this.#known.get(log);
    const last = parseLogId(String(id));
    if (last && (!known || compareLogIds(known.last, last) < 0)) this.#known.set(log, { channel, last });
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
    return receivers;
  }
}

/** Converts a reply: at once if it is there, so that a client in memory stays synchronous. */
function mapReply<T, R>(
  request: () => Reply<T>,
  convert: (value: T) => R,
  toError: (error: unknown) => Error,
): Promise<R> | R {
  let outcome: { readonly value: R } | undefined;
  const promise = new Promise<R>((resolve, reject) => {
    whenReplied(
      request,
      (value) => {
        const converted = convert(value);
        outcome = { value: converted };
        resolve(converted);
      },
      (error) => reject(toError(error)),
    );
  });
  return outcome ? outcome.value : promise;
}

function toRecoveryError(log: string, error: unknown): Error {
  const reason = reasonOf(error);
  if (reason.includes('Invalid stream ID'))
    return new RecoveryError(log, 'recoverable() needs Redis 7 or later, or Valkey.', { cause: error });
  if (/^NOPERM|user executing the script can't|ACL failure in script/.test(reason)) {
    const advice = `Give the user the channel, the key (~${log}), and ${PERMISSIONS}.`;
    return new RecoveryError(log, `Redis refused: ${reason}. ${advice}`, { cause: error });
  }
  return reason.startsWith('WRONGTYPE') ? refusedLog(log, error) : (error as Error);
}

function assertPositive(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw invalidArgument(`the option '${name}'`, 'a positive integer', value);
}
