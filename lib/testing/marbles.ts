import { deepStrictEqual } from 'node:assert/strict';
import { isObservable, map, type Observable } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { checkedName } from './checks.js';
import { MemoryPubSub } from './memory-pub-sub.js';
import type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
import type { ChannelKind } from '../channel-kind.js';
import type { Message } from '../channel.js';
import { text, type Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { Receiver } from '../receiver/receiver.js';
import { RECEIVER_OPTIONS, type ReceiverOptions } from '../receiver-options.js';

/**
 * What a marble test is given: RxJS's own helpers (`hot`, `cold`, `time`, `expectObservable`, …), and a Receiver on a Redis
 * in memory.
 */
export interface Marbles<T = string> extends RunHelpers {
  /**
   * Redis and the Receiver's client: here the connection is lost, names are refused, acknowledgements withheld.
   *
   * ```ts
   * at('--x', () => redis.disconnect());
   * ```
   */
  readonly redis: MemoryPubSub;
  /** What is tested is piped from here, or from its Channels. Its options are those of {@link marbles}. */
  readonly receiver: Receiver<T>;
  /**
   * What Redis was asked for.
   *
   * ```ts
   * expectObservable(commands).toBe('s---u', { s: 'SUBSCRIBE a b', u: 'UNSUBSCRIBE a b' });
   * ```
   */
  readonly commands: Observable<string>;
  /**
   * Publishes to a channel at the frame of each letter, what `values` has for it, else the letter itself, encoded by the
   * Receiver's codec. What that would not encode can be fed to {@link redis} as it is.
   *
   * ```ts
   * publish('sensor:1', '-a-b', { a: '20', b: '99' });
   * ```
   */
  publish(channel: string, diagram: string, values?: Readonly<Record<string, T>>): void;
  /** As {@link publish}, to a sharded channel. */
  sPublish(channel: string, diagram: string, values?: Readonly<Record<string, T>>): void;
  /**
   * Does something at the frame of each letter of a diagram. What it throws, such as a failed assertion, fails the test.
   *
   * ```ts
   * at('---c', () => void channel.close());
   * ```
   */
  at(diagram: string, work: (letter: string) => void): void;
  /**
   * Expects the data of the messages of a stream, as `expectObservable` does.
   *
   * ```ts
   * expectData(receiver.channel('a'), '-^---!').toBe('--a-b-');
   * ```
   *
   * @param subscription when it is observed: by default from the first frame on
   */
  expectData(
    messages: Observable<Message<unknown>>,
    subscription?: string,
  ): ReturnType<RunHelpers['expectObservable']>;
  /**
   * Expects from when to when Redis had a name subscribed, each time a diagram.
   *
   * ```ts
   * expectSubscribed('a').toBe('-^---!');
   * expectSubscribed('order:*', 'pattern').toBe(['-^-!', '-----^']);
   * ```
   *
   * @param kind by default `'channel'`
   */
  expectSubscribed(name: string, kind?: ChannelKind): ReturnType<RunHelpers['expectSubscriptions']>;
}

/** The options of the Receiver and of the Redis in memory. */
export interface MarblesOptions<T> extends ReceiverOptions<T>, Pick<MemoryPubSubOptions, 'acknowledge'> {
  /**
   * Compares what came with what was expected, both lists, and throws where they differ; for example
   * `(actual, expected) => expect(actual).toEqual(expected)`.
   * @default deepStrictEqual of node:assert
   */
  readonly assertEqual?: ((actual: unknown, expected: unknown) => void) | undefined;
}

const OPTIONS = [
  ...RECEIVER_OPTIONS,
  ...optionNames<Omit<MarblesOptions<unknown>, keyof ReceiverOptions<unknown>>>({
    acknowledge: true,
    assertEqual: true,
  }),
];

/**
 * A marble test of streams over Redis Pub/Sub, in virtual time and without a server. It works in every test runner: what
 * is not as expected is thrown, as is what the test's own functions throw.
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
 * Within one frame subscriptions come first, then what is published and done, in the order in which the test says so,
 * and at the end what was delayed until then, as acknowledgements. A promise does not settle in virtual time: give `hydrate` and its like Observables.
 *
 * @param test runs once, and says what is published and expected; time begins when it returns
 * @throws TypeError where the arguments are no test and no options, or the test returns a promise
 * @see MemoryPubSub
 */
export function marbles<T = string>(
  test: (marbles: Marbles<T>) => void,
  options: MarblesOptions<T> = {},
): void {
  if (typeof test !== 'function') throw invalidArgument('the test', 'a function', test);
  assertKnownOptions('the options', options, OPTIONS);
  const { assertEqual = deepStrictEqual, acknowledge, ...receiverOptions } = options;
  if (typeof assertEqual !== 'function')
    throw invalidArgument("the option 'assertEqual'", 'a function', assertEqual);
  const scheduler = new TestScheduler(assertEqual);
  scheduler.run((helpers) => {
    const redis = new MemoryPubSub({ acknowledge, scheduler });
    const receiver = new Receiver<T>(redis, receiverOptions);
    const run: (marbles: Marbles<T>) => unknown = test;
    const returned = run({
      ...helpers,
      redis,
      receiver,
      commands: redis.commands,
      ...publishing(helpers, redis, receiverOptions.codec ?? (text as Codec<unknown> as Codec<T>)),
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

function publishing<T>(
  helpers: RunHelpers,
  redis: MemoryPubSub,
  codec: Codec<T>,
): Pick<Marbles<T>, 'publish' | 'sPublish'> {
  const using =
    (method: 'publish' | 'sPublish', kind: ChannelKind): Marbles<T>['publish'] =>
    (channel, diagram, values = {}) => {
      const name = checkedName(channel, kind);
      const valueOf = checkedValues(values);
      at(helpers, checkedDiagram(diagram), (letter) =>
        redis[method](name, codec.encode(valueOf(letter) as T)),
      );
    };
  return { publish: using('publish', 'channel'), sPublish: using('sPublish', 'shard') };
}

function at({ hot }: RunHelpers, diagram: string, work: (letter: string) => void): void {
  hot(diagram).subscribe(work);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function checkedDiagram(diagram: unknown): string {
  if (typeof diagram === 'string' && !/[#^!]/.test(diagram)) return diagram;
  throw invalidArgument('the diagram', "letters at their frames, as '-a-b', without #, ^ and !", diagram);
}

function checkedMessages(messages: unknown): Observable<Message<unknown>> {
  if (isObservable(messages)) return messages as Observable<Message<unknown>>;
  throw invalidArgument('the messages', 'an Observable of messages, as a Receiver or a Channel', messages);
}

function checkedWork(work: unknown): (letter: string) => void {
  if (typeof work === 'function') return work as (letter: string) => void;
  throw invalidArgument('what is done at a letter', 'a function', work);
}

function checkedValues(values: unknown): (letter: string) => unknown {
  if (typeof values !== 'object' || values === null)
    throw invalidArgument(
      'the values',
      "an object of what each letter stands for, as { a: 'hello' }",
      values,
    );
  return (letter) => (Object.hasOwn(values, letter) ? (values as Record<string, unknown>)[letter] : letter);
}
