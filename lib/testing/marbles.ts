import { deepStrictEqual } from 'node:assert/strict';
import { map, type Observable } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { checkedDiagram, checkedMessages, checkedName } from './checks.js';
import { MemoryPubSub } from './memory-pub-sub.js';
import type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
import type { SubscriptionKind } from '../channel-kind.js';
import type { Message } from '../channel.js';
import { text, type Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { Receiver } from '../receiver/receiver.js';
import {
  RECEIVER_OPTIONS,
  type CodecRequired,
  type OptionsFor,
  type ReceiverOptions,
  type TopicsOption,
} from '../receiver-options.js';
import type { Params } from '../topics/topic.js';
import type { AllParams, DataOfTopic, TopicDeclarations, TopicName } from '../topics/topic-types.js';

/**
 * Helpers of a marble test: RxJS's own (`hot`, `cold`, `time`, `expectObservable`, …), and a Receiver on a Redis in memory.
 */
export interface Marbles<T = string, D extends TopicDeclarations | undefined = undefined> extends RunHelpers {
  /**
   * Redis and the Receiver's client in one: drops the connection, refuses names and withholds acknowledgements.
   *
   * ```ts
   * at('--x', () => redis.disconnect());
   * ```
   */
  readonly redis: MemoryPubSub;
  /**
   * Receiver under test, with the options of {@link marbles}. Pipe the tested stream from the Receiver or from one of its
   * Channels.
   */
  readonly receiver: Receiver<T, D>;
  /**
   * Commands that the client was asked to send to Redis.
   *
   * ```ts
   * expectObservable(commands).toBe('s---u', { s: 'SUBSCRIBE a b', u: 'UNSUBSCRIBE a b' });
   * ```
   */
  readonly commands: Observable<string>;
  /**
   * Publishes to a channel at the frame of each letter: the value of the letter in `values`, or else the letter itself,
   * encoded by the Receiver's codec. To publish data that the codec would not encode, use {@link redis}.
   *
   * ```ts
   * publish('sensor:1', '-a-b', { a: '20', b: '99' });
   * ```
   *
   * A Receiver with topics publishes to these, by the codec of each topic:
   *
   * ```ts
   * publish('order:{id}:{event}', { id: 7, event: 'paid' }, '-a', { a: order });
   * ```
   */
  readonly publish: MarblePublish<T, D>;
  /** Publishes to a sharded channel, as {@link publish} does. */
  sPublish(channel: string, diagram: string, values?: Readonly<Record<string, T>>): void;
  /**
   * Calls `work` at the frame of each letter of a diagram. An error of `work`, such as a failed assertion, fails the test.
   *
   * ```ts
   * at('---c', () => void channel.close());
   * ```
   */
  at(diagram: string, work: (letter: string) => void): void;
  /**
   * Expects the data of the messages of a stream, as `expectObservable` expects values.
   *
   * ```ts
   * expectData(receiver.channel('a'), '-^---!').toBe('--a-b-');
   * ```
   *
   * @param subscription diagram of the subscription: by default from the first frame on
   */
  expectData(
    messages: Observable<Message<unknown>>,
    subscription?: string,
  ): ReturnType<RunHelpers['expectObservable']>;
  /**
   * Expects the periods in which Redis had a name subscribed, each as a diagram.
   *
   * ```ts
   * expectSubscribed('a').toBe('-^---!');
   * expectSubscribed('order:*', 'pattern').toBe(['-^-!', '-----^']);
   * ```
   *
   * @param kind by default `'channel'`
   */
  expectSubscribed(name: string, kind?: SubscriptionKind): ReturnType<RunHelpers['expectSubscriptions']>;
}

/** Options of the Receiver and of the Redis in memory. */
export interface MarblesOptions<T> extends ReceiverOptions<T>, Pick<MemoryPubSubOptions, 'acknowledge'> {
  /**
   * Function that compares the actual list with the expected one, and throws where they differ; for example
   * `(actual, expected) => expect(actual).toEqual(expected)`.
   * @default deepStrictEqual of node:assert
   */
  readonly assertEqual?: ((actual: unknown, expected: unknown) => void) | undefined;
}

/** The type of {@link Marbles.publish}: by channel, or by topic. */
export type MarblePublish<T, D> = D extends TopicDeclarations
  ? <K extends TopicName<D>>(
      topic: K,
      ...letters: [...AllParams<D, K>, ...Letters<DataOfTopic<D, K>>]
    ) => void
  : (channel: string, diagram: string, values?: Readonly<Record<string, T>>) => void;

/** A diagram with its values; a letter may stand for itself where the data are strings. */
type Letters<T> = string extends T
  ? [diagram: string, values?: Readonly<Record<string, T>>]
  : [diagram: string, values: Readonly<Record<string, T>>];

const OPTIONS = [
  ...RECEIVER_OPTIONS,
  ...optionNames<Omit<MarblesOptions<unknown>, keyof ReceiverOptions<unknown>>>({
    acknowledge: true,
    assertEqual: true,
  }),
];

/**
 * Runs a marble test of streams over Redis Pub/Sub, in virtual time and without a server. Works in every test runner:
 * `marbles` throws a failed expectation, and any error of the test's own functions.
 *
 * ```ts
 * it('warns', () =>
 *   marbles(({ receiver, publish, expectData }) => {
 *     publish('sensor:1', '-a-b-c', { a: '20', b: '99', c: '21' });
 *     const warnings = receiver.pattern('sensor:*').pipe(filter(({ data }) => Number(data) > 90));
 *     expectData(warnings).toBe('---b', { b: '99' });
 *   }));
 * ```
 *
 * Within one frame subscriptions come first, then publications and the calls of `at`, in the order in which the test makes
 * them, and last any work that was delayed until this frame, such as acknowledgements. A promise does not settle in virtual
 * time: pass Observables to `hydrate` and similar operators.
 *
 * @param test runs once, and declares publications and expectations; time begins when it returns
 * @throws TypeError if the arguments are not a test and options, or if the test returns a promise
 * @see MemoryPubSub
 */
export function marbles<D extends TopicDeclarations>(
  test: (marbles: Marbles<string, D>) => void,
  options: MarblesOptions<string> & TopicsOption<D>,
): void;
export function marbles<T>(
  test: (marbles: Marbles<T>) => void,
  options: CodecRequired<MarblesOptions<T>, T>,
): void;
export function marbles<T = string>(
  test: (marbles: Marbles<T>) => void,
  ...options: OptionsFor<MarblesOptions<T>, T>
): void;
export function marbles(test: unknown, options: object = {}): void {
  if (typeof test !== 'function') throw invalidArgument('the test', 'a function', test);
  assertKnownOptions('the options', options, OPTIONS);
  const given: MarblesOptions<unknown> & PublishingOptions = options;
  const { assertEqual = deepStrictEqual, acknowledge, ...receiverOptions } = given;
  if (typeof assertEqual !== 'function')
    throw invalidArgument("the option 'assertEqual'", 'a function', assertEqual);
  const scheduler = new TestScheduler(assertEqual);
  scheduler.run((helpers) => {
    const redis = new MemoryPubSub({ acknowledge, scheduler });
    const receiver = new Receiver<unknown>(redis, receiverOptions as ReceiverOptions<unknown>);
    const run = test as (marbles: Marbles<unknown>) => unknown;
    const returned = run({
      ...helpers,
      redis,
      receiver,
      commands: redis.commands,
      ...publishing(helpers, redis, receiverOptions),
      at: (diagram, work) => {
        at(helpers, checkedDiagram(diagram), checkedWork(work));
      },
      expectData: (messages, subscription) =>
        helpers.expectObservable(checkedMessages(messages).pipe(map(({ data }) => data)), subscription),
      expectSubscribed: (name, kind) => helpers.expectSubscriptions(redis.subscriptionLog(name, kind)),
    });
    if (isPromise(returned)) {
      returned.then(undefined, () => undefined);
      throw invalidArgument('a marble test', 'synchronous', returned, 'Virtual time waits for no promise.');
    }
  });
}

type PublishingOptions = Pick<ReceiverOptions<unknown>, 'codec'> & Partial<TopicsOption<TopicDeclarations>>;

function publishing(
  helpers: RunHelpers,
  redis: MemoryPubSub,
  { codec = text, topics }: PublishingOptions,
): Pick<Marbles<unknown>, 'publish' | 'sPublish'> {
  const send = (
    kind: 'channel' | 'shard',
    name: string,
    by: Codec<unknown>,
    [diagram, values = {}]: unknown[],
  ) => {
    const valueOf = checkedValues(values);
    const method = kind === 'shard' ? 'sPublish' : 'publish';
    at(helpers, checkedDiagram(diagram), (letter) => redis[method](name, by.encode(valueOf(letter))));
  };
  const using =
    (kind: 'channel' | 'shard') =>
    (name: string, ...letters: unknown[]) =>
      send(kind, checkedName(name, kind), codec, letters);
  const publish =
    topics &&
    ((template: string, ...rest: unknown[]) => {
      const topic = topics.topic(template);
      const params = topic.paramNames.length > 0 ? (rest.shift() as Params) : undefined;
      send(topic.kind, topic.name(params), topic.codec, rest);
    });
  return { publish: publish ?? using('channel'), sPublish: using('shard') };
}

function at({ hot }: RunHelpers, diagram: string, work: (letter: string) => void): void {
  hot(diagram).subscribe(work);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function checkedWork(work: unknown): (letter: string) => void {
  if (typeof work === 'function') return work as (letter: string) => void;
  throw invalidArgument('the action at a letter', 'a function', work);
}

function checkedValues(values: unknown): (letter: string) => unknown {
  if (typeof values !== 'object' || values === null)
    throw invalidArgument('the values', "an object with a value for each letter, as { a: 'hello' }", values);
  return (letter) => (Object.hasOwn(values, letter) ? (values as Record<string, unknown>)[letter] : letter);
}
