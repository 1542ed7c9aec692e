import type { ConsumerDeserializer, ConsumerSerializer } from '@nestjs/microservices';
import type { Codec, Message, OpenOptions, PubSubClient, Publisher } from '../index.js';
import { assertKnownOptions, invalidArgument, optionNames, READER_DEFAULTS } from '../internal.js';
import { packets } from './packet-codec.js';

/** Options of a {@link ReceiverStrategy}. */
export interface ReceiverStrategyOptions {
  /**
   * Server to connect to, as in `Receiver.open`: a URL, or the options of `createClient`, `createCluster` or
   * `createSentinel`. The strategy makes two clients from it, one that subscribes and one that replies, and closes them.
   * @default redis://localhost:6379
   */
  readonly redis?: string | OpenOptions | undefined;
  /** Client to subscribe with, in place of the strategy's own. The client is borrowed, must be open, and stays open. */
  readonly client?: PubSubClient | undefined;
  /** Client to reply with, in place of the strategy's own. Needed beside `client` where there are request handlers. */
  readonly publisher?: Publisher | undefined;
  /**
   * Maximum number of messages that are handled at a time, a positive integer or `Infinity`. A request counts until its
   * first reply, an event until its handler's promise or stream is done. A warning reports that all slots are busy and
   * messages wait.
   * @default 256
   */
  readonly concurrent?: number | undefined;
  /**
   * Key of a message. Messages of one key are handled one at a time, in their order of arrival: the next one when an event
   * is done, or when a request has its first reply.
   * @default the channel of an event; requests have no order
   */
  readonly key?: ((message: Message<unknown>) => unknown) | undefined;
  /**
   * Maximum number of messages that wait to be handled.
   * @default 16384
   */
  readonly capacity?: number | undefined;
  /**
   * Message that is lost when one more would have to wait: the one that has waited longest, or the one that arrives. The
   * loss is reported, and a request is answered with an error.
   * @default 'drop-oldest'
   */
  readonly overflow?: 'drop-oldest' | 'drop-incoming' | undefined;
  /**
   * Codec of the packets. A packet that cannot be decoded is reported, as a `DecodeError`.
   * @default JSON; a payload that is not JSON is decoded as text, as in Nest's own Redis transport
   */
  readonly codec?: Codec<unknown> | undefined;
  /**
   * Milliseconds that `close()` waits for events, and for requests that have no reply yet. Then `close()` ends their streams
   * with an error, which a client of a request receives too. A reply stream that has begun ends in this way at once.
   * @default 10000
   */
  readonly drainTimeout?: number | undefined;
  /**
   * Reader of messages, as in the options of a Receiver: `'fast'`, or `'client'` for node-redis's own decoder.
   * @default `'fast'` on the strategy's own client and on all nodes of a cluster or Sentinel set, `'client'` on the option
   * `client`
   */
  readonly reader?: 'fast' | 'client' | undefined;
  /** Deserializer that makes a packet from decoded data, as in Nest's own transports. */
  readonly deserializer?: ConsumerDeserializer | undefined;
  /** Serializer that makes the data to encode from a reply, as in Nest's own transports. */
  readonly serializer?: ConsumerSerializer | undefined;
}

type Defaulted = 'codec' | 'concurrent' | 'overflow' | 'drainTimeout';

/** Options with their defaults. */
export type ResolvedOptions = ReceiverStrategyOptions & {
  readonly [K in Defaulted]-?: NonNullable<ReceiverStrategyOptions[K]>;
};

const OPTIONS = optionNames<ReceiverStrategyOptions>({
  redis: true,
  client: true,
  publisher: true,
  concurrent: true,
  key: true,
  capacity: true,
  overflow: true,
  codec: true,
  drainTimeout: true,
  reader: true,
  deserializer: true,
  serializer: true,
});

const OVERFLOWS: readonly unknown[] = ['drop-oldest', 'drop-incoming'];

/** Checks the options, except for the ones that the core checks when the server listens, and adds the defaults. */
export function resolveStrategyOptions(options: ReceiverStrategyOptions): ResolvedOptions {
  assertKnownOptions('the options of a ReceiverStrategy', options, OPTIONS);
  const { client, redis, key, concurrent = 256, overflow = 'drop-oldest', drainTimeout = 10_000 } = options;
  if (client !== undefined && redis !== undefined) {
    throw invalidArgument("the option 'redis'", "left out beside 'client'", redis);
  }
  if (!OVERFLOWS.includes(overflow)) {
    throw invalidArgument("the option 'overflow'", "'drop-oldest' or 'drop-incoming'", overflow);
  }
  if (key !== undefined && typeof key !== 'function') {
    throw invalidArgument("the option 'key'", 'a function', key);
  }
  if (!Number.isFinite(drainTimeout) || drainTimeout < 0) {
    throw invalidArgument("the option 'drainTimeout'", 'a number of milliseconds', drainTimeout);
  }
  const codec = options.codec ?? packets;
  const reader = options.reader ?? (client ? undefined : READER_DEFAULTS.own);
  return { ...options, codec, concurrent, overflow, drainTimeout, reader };
}
