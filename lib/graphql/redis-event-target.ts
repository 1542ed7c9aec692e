import type { Gap, Publisher, PubSubClient } from '../index.js';
import { assertKnownOptions, invalidArgument, optionNames, toError } from '../internal.js';
import { assertPublisher } from '../publisher.js';
import { receiverOn } from './connections.js';
import { EventTopics, type Listener } from './event-topics.js';
import type { PassedReceiver } from './redis-pub-sub-options.js';
import type { TypedEvent, TypedEventTarget } from './typed-event-target.js';

/** The format of the payloads of an event target: `JSON`, or an object with the same functions. */
export interface EventSerializer {
  /** Returns the data of a message for a payload. */
  stringify(detail: unknown): string;
  /** Returns the payload of the data of a message, which is not empty. */
  parse(text: string): unknown;
}

/** Options of {@link createRedisEventTarget}. */
export interface RedisEventTargetOptions {
  /** Client to publish with, which is borrowed. */
  readonly publishClient: Publisher;
  /** Client to subscribe with, which is borrowed. Needed where there is no `receiver`. */
  readonly subscribeClient?: PubSubClient | undefined;
  /**
   * Receiver on whose client to subscribe. The target makes a Receiver of its own on this client, which ends with the given
   * one.
   */
  readonly receiver?: PassedReceiver | undefined;
  /**
   * Format of the payloads. An empty message is null, and undefined is published as an empty message.
   * @default JSON
   */
  readonly serializer?: EventSerializer | undefined;
  /** Callback for messages that may be missing after an outage, called once an outage. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
  /**
   * Callback for errors, because listeners have none: Redis has refused a topic, a message could not be published or parsed,
   * or a listener has thrown.
   * @default a process warning, once for each kind of error
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const OPTIONS = optionNames<RedisEventTargetOptions>({
  publishClient: true,
  subscribeClient: true,
  receiver: true,
  serializer: true,
  onGap: true,
  onError: true,
});

/**
 * Creates an event target for the `createPubSub` of GraphQL Yoga, which takes the place of the one of
 * `@graphql-yoga/redis-event-target`.
 *
 * ```ts
 * const subscribeClient = await createClient().connect();
 * const publishClient = await createClient().connect();
 * const pubSub = createPubSub({ eventTarget: createRedisEventTarget({ publishClient, subscribeClient }) });
 * ```
 *
 * The first listener of a topic subscribes its channel, and the last one unsubscribes it. The listeners of a message share its
 * event. The queue of a GraphQL client is Yoga's: its `repeaterBuffer` has a bound of 1024, and one message more is an
 * error for `onError`. A {@link RedisPubSub} has queues that tell the client of a loss.
 *
 * @throws {TypeError} for an unknown or invalid option
 */
export function createRedisEventTarget<Event extends TypedEvent>(
  options: RedisEventTargetOptions,
): TypedEventTarget<Event> {
  assertKnownOptions('the options of createRedisEventTarget', options, OPTIONS);
  const { publishClient, subscribeClient, receiver: passed, onGap, onError = warnOnce() } = options;
  const serializer: EventSerializer = options.serializer ?? JSON;
  assertPublisher(publishClient);
  assertFunction("the option 'onGap'", onGap);
  assertFunction("the option 'onError'", onError);
  assertSerializer(serializer);
  if (passed && subscribeClient)
    throw invalidArgument("the option 'subscribeClient'", "left out beside 'receiver'", subscribeClient);
  const receiver = receiverOn(passed, subscribeClient);
  receiver.events.subscribe((event) => {
    if (event.type === 'gap') onGap?.(event.gap);
  });
  const topics = new EventTopics(receiver, { parse: (text) => serializer.parse(text), onError });
  const target: TypedEventTarget<TypedEvent> = {
    addEventListener(topic, callback, listenerOptions) {
      if (callback !== null) topics.add(topic, callback as Listener, listenerOptions);
    },
    removeEventListener(topic, callback) {
      if (callback !== null) topics.remove(topic, callback as Listener);
    },
    dispatchEvent({ type, detail }) {
      const text: unknown = detail === undefined ? '' : serializer.stringify(detail);
      if (typeof text !== 'string')
        throw invalidArgument('the detail of an event', 'one that the serializer can carry', detail);
      publish(publishClient, type, text).catch(onError);
      return true;
    },
  };
  return target;
}

async function publish(client: Publisher, topic: string, text: string): Promise<void> {
  await client.publish(topic, text);
}

function warnOnce(): (error: unknown) => void {
  const said = new Set<string>();
  return (thrown) => {
    const error = toError(thrown);
    if (said.has(error.name)) return;
    said.add(error.name);
    process.emitWarning(`${error.message} Pass \`onError\` to be told of each error.`, {
      type: 'RedisEventTargetWarning',
      code: 'RX_REDIS_RECEIVER_EVENT_TARGET',
    });
  };
}

function assertSerializer(serializer: unknown): void {
  const { stringify, parse } = (serializer ?? {}) as Partial<Record<keyof EventSerializer, unknown>>;
  if (typeof stringify === 'function' && typeof parse === 'function') return;
  throw invalidArgument(
    "the option 'serializer'",
    'an object with the functions stringify and parse',
    serializer,
  );
}

function assertFunction(what: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidArgument(what, 'a function', value);
}
