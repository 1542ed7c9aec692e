import { defer, NEVER, Observable, type OperatorFunction } from 'rxjs';
import { assertPublisher, type Publisher } from '../publisher.js';
import type { ScriptClient } from '../log/log-client.js';
import { recoverable, type RecoverableOptions } from '../recovery/recoverable.js';
import type { TopicTarget } from '../topics/topics.js';
import { assertCodec, text, type Codec } from '../codec/codec.js';
import { InTurn } from './in-turn.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { reasonOf } from '../errors/reason-of.js';
import { mergeMapBounded } from './merge-map-bounded.js';

const CONCURRENT = 64;

/** Options of {@link publishTo}. */
export interface PublishToOptions<T> {
  /**
   * Codec that encodes the values as payloads.
   * @default text
   */
  readonly codec?: Codec<T> | undefined;
  /**
   * True to publish to sharded channels (SPUBLISH), which needs a client with `sPublish`.
   * @default false
   */
  readonly sharded?: boolean | undefined;
  /**
   * Maximum number of messages that are published but not yet reported, a positive integer.
   * @default 64
   */
  readonly concurrent?: number | undefined;
  /**
   * Makes the messages recoverable: appends each to the log of its channel, as {@link recoverable} does with these options.
   * The client needs the function `eval`.
   * @default messages are published without a log
   */
  readonly recover?: RecoverableOptions | undefined;
}

const OPTIONS = optionNames<PublishToOptions<unknown>>({
  codec: true,
  sharded: true,
  concurrent: true,
  recover: true,
});

/** Error for a message that was not published, or that may or may not have been; `cause` says why. */
export class PublishError extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', {
      value: 'PublishError',
      configurable: true,
      writable: true,
    });
  }

  /** Code of the error, which identifies it even where two copies of this package are loaded. */
  readonly code = 'ERR_PUBLISH';
  /** Name of the channel for which the message was meant. */
  readonly channel: string;

  constructor(channel: string, options?: ErrorOptions) {
    const reason = reasonOf(options?.cause);
    super(
      `Could not publish to the channel ${JSON.stringify(channel)} (${reason}). No later message was published, ` +
        'except messages in flight. Publish this message again if it may arrive twice.',
      options,
    );
    this.channel = channel;
  }
}

/**
 * Publishes each value, and emits the number of subscribers that received it.
 *
 * ```text
 * source       -abc--------|
 * reply to a    ------2
 * reply to b     --0
 * reply to c      ---1
 * publishTo    -------(201)|
 * ```
 *
 * The numbers come in the order of the source. At most `concurrent` messages are in flight, counted from the moment of
 * sending until the number is emitted; with 1, each message waits for Redis's reply to the one before. Values that arrive
 * meanwhile wait, within the default bounds of {@link BufferOptions} (16,384 values, 64 MiB as `mergeMapBounded` counts
 * them); one value more is a {@link BufferOverflowError}. For other bounds, or to drop values, publish inside a
 * `mergeMapBounded`:
 * `mergeMapBounded((value) => of(value).pipe(publishTo(client, channel)), { capacity: 100, overflow: 'drop-oldest' })`.
 *
 * A failure of Redis or of the codec is a {@link PublishError}. The error takes its turn as a number does, so the stream
 * reports every earlier success first; once the failure is known, no further message is sent. A message that is in flight
 * when the stream ends may still be published.
 *
 * ```ts
 * import { of } from 'rxjs';
 * import { createClient } from 'redis';
 * import { json, publishTo } from 'rx-redis-receiver';
 *
 * const client = await createClient({ url: process.env.REDIS_URL }).connect();
 *
 * of({ room: 'kitchen', celsius: 21 }, { room: 'cellar', celsius: 12 })
 *   .pipe(publishTo(client, ({ room }) => `temperature.${room}`, { codec: json() }))
 *   .subscribe({ next: (receivers) => console.log(receivers), complete: () => client.close() });
 * ```
 *
 * ```text
 * 0
 * 0
 * ```
 *
 * @param client client that publishes, and stays open. Pass a connection without subscriptions
 * @param channel name of the channel, or a function that returns it for each value; or a channel of {@link topics}, which
 *   brings its codec and its kind
 * @see {@link mergeMapBounded}
 */
export function publishTo<T>(
  client: Publisher,
  channel: string | ((value: T) => string),
  options: PublishToOptions<T> & { readonly codec: Codec<T> },
): OperatorFunction<T, number>;
export function publishTo<T>(
  client: Publisher,
  topic: TopicTarget<T>,
  options?: Pick<PublishToOptions<T>, 'concurrent'>,
): OperatorFunction<T, number>;
export function publishTo<T = string>(
  client: Publisher,
  channel: string | ((value: T) => string),
  ...options: string extends T
    ? [options?: PublishToOptions<T>]
    : [options: PublishToOptions<T> & { readonly codec: Codec<T> }]
): OperatorFunction<T, number>;
export function publishTo<T>(
  client: Publisher,
  channel: string | ((value: T) => string) | TopicTarget<T>,
  options: PublishToOptions<T> = {},
): OperatorFunction<T, number> {
  const target = isTarget(channel) ? channel : undefined;
  assertKnownOptions('the options of publishTo', options, target ? ['concurrent'] : OPTIONS);
  const { codec = text as Codec<unknown> as Codec<T>, sharded = false } = target ?? options;
  const { concurrent = CONCURRENT } = options;
  const recover = target ? target.recover : options.recover;
  const publisher = recover ? recoverable(client as Publisher & ScriptClient, recover) : client;
  assertPublisher(publisher, sharded);
  assertCodec(codec);
  if (!Number.isSafeInteger(concurrent) || concurrent < 1) {
    throw invalidArgument("the option 'concurrent'", 'a positive integer', concurrent);
  }
  const channelOf = channelFunction(channel);
  const send: Send<T> = (value, succeed, fail) => {
    const name: unknown = channelOf(value);
    if (typeof name !== 'string') {
      throw invalidArgument('what the channel function returns', 'a string', name);
    }
    const refuse = (cause: unknown) => fail(new PublishError(name, { cause }));
    try {
      const payload = codec.encode(value);
      const receivers = sharded ? publisher.sPublish?.(name, payload) : publisher.publish(name, payload);
      if (typeof receivers === 'object') receivers.then(succeed, refuse);
      else succeed(receivers as number);
    } catch (cause) {
      refuse(cause);
    }
  };
  return (source) => defer(() => source.pipe(mergeMapBounded(inOrder(send), { concurrent })));
}

type Send<T> = (value: T, succeed: (receivers: number) => void, fail: (error: unknown) => void) => void;

function inOrder<T>(send: Send<T>): (value: T) => Observable<number> {
  const inTurn = new InTurn();
  let hasFailed = false;
  return (value) => {
    // The failure is on its way to the consumer, behind the outstanding replies.
    if (hasFailed) return NEVER;
    return new Observable((subscriber) => {
      const report = inTurn.draw();
      const succeed = (receivers: number) =>
        report(() => {
          subscriber.next(receivers);
          subscriber.complete();
        });
      const fail = (error: unknown) => {
        hasFailed = true;
        report(() => subscriber.error(error));
      };
      try {
        send(value, succeed, fail);
      } catch (error) {
        fail(error);
      }
    });
  };
}

function isTarget<T>(channel: unknown): channel is TopicTarget<T> {
  return typeof channel === 'object' && channel !== null && 'channelOf' in channel;
}

function channelFunction<T>(channel: string | ((value: T) => string) | TopicTarget<T>): (value: T) => string {
  if (typeof channel === 'string') return () => channel;
  if (typeof channel === 'function') return channel;
  if (isTarget<T>(channel)) return (value) => channel.channelOf(value);
  const expected = 'a string, a function that returns one, or a channel of topics';
  throw invalidArgument('the channel', expected, channel);
}
