import type { Observable } from 'rxjs';
import type { BufferOptions, Gap, OpenOptions, PubSubClient, Publisher } from '../index.js';
import { assertKnownOptions, invalidArgument, optionNames, parseOpenOptions } from '../internal.js';

/** The parts of a Receiver that are used when one is passed. */
export interface PassedReceiver {
  /** The client of the Receiver. */
  readonly client: PubSubClient;
  /** The events of the Receiver: their end is its end. */
  readonly events: Observable<unknown>;
}

/** The channel from which a payload came. */
export interface DeserializerContext {
  /** The channel to which the message was published. */
  readonly channel: string;
  /** The glob, if the message came through a pattern. */
  readonly pattern?: string;
}

/** The options of one subscription; all of them are passed to `triggerTransform`. */
export interface TriggerOptions {
  /**
   * True if the trigger is a glob, for PSUBSCRIBE.
   * @default false
   */
  readonly pattern?: boolean | undefined;
  /** An option for `triggerTransform`; refused without one. */
  readonly [option: string]: unknown;
}

/** Function that makes the name of a channel, or a glob, from a trigger and the options of the subscription. */
export type TriggerTransform = {
  /** A method, so that its parameter may be annotated with the options that the user's subscriptions have. */
  transform(trigger: string, options: TriggerOptions): string;
}['transform'];

/** Options of a {@link RedisPubSub}: its connection, its payloads, and the queue of each GraphQL client. */
export interface RedisPubSubOptions extends BufferOptions {
  /**
   * Receiver on whose client to subscribe. The PubSub makes a Receiver of its own on this client: the messages and the queue
   * of the given one stay as they are. It ends with the given one.
   */
  readonly receiver?: PassedReceiver | undefined;
  /** Client to subscribe with. The client is borrowed: it must be open, and stays open. */
  readonly subscriber?: PubSubClient | undefined;
  /**
   * Client to publish with, which is borrowed. Beside `receiver` or `subscriber`, `publish()` needs it: a client of RESP2
   * that subscribes cannot publish.
   */
  readonly publisher?: Publisher | undefined;
  /**
   * Server to connect to, as in `Receiver.open`: a URL, or the options of node-redis's `createClient`, `createCluster` or
   * `createSentinel`. Two clients are opened, one when something is first subscribed and one when something is first
   * published, and `close()` closes them. Not allowed beside `receiver` and `subscriber`.
   * @default redis://localhost:6379
   */
  readonly connection?: string | OpenOptions | undefined;
  /**
   * Callback for the clients that `connection` opens: called with the error of each failed attempt to connect, and without
   * an argument when a client is connected.
   * @default one process warning per outage
   */
  readonly connectionListener?: ((error?: Error) => void) | undefined;
  /**
   * Function that makes the name of a channel, or a glob, from a trigger and the options of the subscription.
   * @default the trigger is the name
   */
  readonly triggerTransform?: TriggerTransform | undefined;
  /** Reviver of the JSON, as in `JSON.parse`. Not allowed beside `deserializer`. */
  readonly reviver?: ((key: string, value: unknown) => unknown) | undefined;
  /**
   * Function that makes the data of a message from what is published.
   * @default JSON; a Buffer is published as it is
   */
  readonly serializer?: ((payload: unknown) => string | Buffer) | undefined;
  /**
   * Function that makes the payload from the bytes of a message. If it throws, the payload is the data itself, as a string.
   * @default JSON; data that is not JSON is a string
   */
  readonly deserializer?: ((data: string | Buffer, context: DeserializerContext) => unknown) | undefined;
  /**
   * `'messageBuffer'` if the payloads of channels are Buffers, not decoded; they are what `deserializer` returns if there is
   * one.
   * @default 'message'
   */
  readonly messageEventName?: string | undefined;
  /**
   * `'pmessageBuffer'` if the payloads of patterns are Buffers, not decoded.
   * @default 'pmessage'
   */
  readonly pmessageEventName?: string | undefined;
  /**
   * Number of messages that may wait for one GraphQL client.
   * @default 1_024
   */
  readonly capacity?: number | undefined;
  /**
   * Treatment of a message for which the queue of a GraphQL client has no room. `'error'` ends the subscription of that
   * client: what waits is delivered, and then its iterator rejects with a `BufferOverflowError`. With `'drop-oldest'` and
   * `'drop-incoming'`, `onGap` decides what the client is told.
   * @default 'error'
   */
  readonly overflow?: 'error' | 'drop-oldest' | 'drop-incoming' | undefined;
  /**
   * Treatment of missing messages: of an outage, or dropped from the queue of a client. `'event'` reports them by
   * {@link RedisPubSub.events} alone. `'error'` also ends the iterators that they concern, with a `GapError` at the place. A
   * function returns a payload for the place, which tells the GraphQL client; undefined for none.
   * @default 'event'
   */
  readonly onGap?: 'event' | 'error' | ((gap: Gap) => unknown) | undefined;
}

const OPTIONS = optionNames<RedisPubSubOptions>({
  receiver: true,
  subscriber: true,
  publisher: true,
  connection: true,
  connectionListener: true,
  triggerTransform: true,
  reviver: true,
  serializer: true,
  deserializer: true,
  messageEventName: true,
  pmessageEventName: true,
  capacity: true,
  maxBytes: true,
  overflow: true,
  onGap: true,
});

const TRIGGER_OPTIONS = optionNames<{ pattern: true }>({ pattern: true });
const FUNCTIONS = [
  'connectionListener',
  'triggerTransform',
  'reviver',
  'serializer',
  'deserializer',
] as const satisfies (keyof RedisPubSubOptions)[];

/** Checks the options, except for the clients and the bounds. */
export function assertPubSubOptions(options: RedisPubSubOptions): void {
  assertKnownOptions('the options of a RedisPubSub', options, OPTIONS);
  const { reviver, deserializer, overflow, onGap = 'event', messageEventName, pmessageEventName } = options;
  for (const name of FUNCTIONS) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'function')
      throw invalidArgument(`the option '${name}'`, 'a function', value);
  }
  if (reviver && deserializer)
    throw invalidArgument("the option 'reviver'", "left out beside 'deserializer'", reviver);
  if (!['event', 'error'].includes(onGap as string) && typeof onGap !== 'function')
    throw invalidArgument("the option 'onGap'", "'event', 'error' or a function", onGap);
  if ((overflow as string | undefined) === 'replay') {
    const expected = "'error', 'drop-oldest' or 'drop-incoming'";
    throw invalidArgument("the option 'overflow'", expected, overflow);
  }
  assertEventName('messageEventName', 'message', messageEventName);
  assertEventName('pmessageEventName', 'pmessage', pmessageEventName);
  assertSource(options);
}

/** Returns whether ioredis, or an old node-redis, emits Buffers with an event of this name. */
export function isBufferEvent(name: string | undefined): boolean {
  return name !== undefined && /^p?message(Buffer|_buffer)$/.test(name);
}

/** Checks the options of one subscription; without a `triggerTransform`, a misspelt one would be ignored silently. */
export function assertTriggerOptions(
  options: TriggerOptions | object,
  isTransformed: boolean,
): asserts options is TriggerOptions {
  const known = isTransformed ? Object.keys(options) : TRIGGER_OPTIONS;
  assertKnownOptions('the options of a subscription', options, known);
  const { pattern } = options as TriggerOptions;
  if (pattern !== undefined && typeof pattern !== 'boolean')
    throw invalidArgument("the option 'pattern'", 'a boolean', pattern);
}

function assertSource({
  receiver,
  subscriber,
  publisher,
  connection,
  connectionListener,
}: RedisPubSubOptions) {
  const given = receiver ? 'receiver' : 'subscriber';
  if (receiver && subscriber)
    throw invalidArgument("the option 'subscriber'", "left out beside 'receiver'", subscriber);
  if (receiver || subscriber) {
    for (const [name, value] of Object.entries({ connection, connectionListener }))
      if (value !== undefined)
        throw invalidArgument(`the option '${name}'`, `left out beside '${given}'`, value);
  } else if (publisher && connection === undefined) {
    const advice = 'Otherwise the PubSub would subscribe at redis://localhost:6379.';
    throw invalidArgument("the option 'publisher'", "beside 'subscriber' or 'receiver'", publisher, advice);
  } else if (connection !== undefined) parseOpenOptions(connection);
}

function assertEventName(option: string, event: string, name: string | undefined): void {
  if (name === undefined || name === event || (isBufferEvent(name) && name.startsWith(event))) return;
  throw invalidArgument(`the option '${option}'`, `'${event}' or '${event}Buffer'`, name);
}
