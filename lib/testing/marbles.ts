import { deepStrictEqual } from 'node:assert/strict';
import { map, type Observable } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { MemoryPubSub } from './memory-pub-sub.js';
import type { MemoryPubSubOptions } from './memory-pub-sub-options.js';
import type { ChannelKind, Message } from '../channel/message.js';
import { text, type Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { Receiver } from '../receiver/receiver.js';
import type { ReceiverOptions } from '../receiver/receiver-options.js';

/** What a marble test is given: RxJS's own helpers, and a Receiver on a Redis in memory. */
export interface Marbles<T = string> extends RunHelpers {
  /** Redis and the Receiver's client: here the connection is lost, names are refused, acknowledgements withheld. */
  readonly redis: MemoryPubSub;
  readonly receiver: Receiver<T>;
  /** What Redis was asked for, such as `'SUBSCRIBE a b'`: for `expectObservable`. */
  readonly commands: Observable<string>;
  /**
   * Publishes to a channel at the frame of each letter, what `values` has for it, else the letter itself, encoded by the
   * Receiver's codec.
   */
  publish(channel: string, diagram: string, values?: Readonly<Record<string, T>>): void;
  /** As `publish`, to a sharded channel. */
  sPublish(channel: string, diagram: string, values?: Readonly<Record<string, T>>): void;
  /** Does something at the frame of each letter of a diagram. */
  at(diagram: string, work: (letter: string) => void): void;
  /** Expects the data of the messages of a stream, as `expectObservable` does. */
  expectData(
    messages: Observable<Message<unknown>>,
    subscription?: string,
  ): ReturnType<RunHelpers['expectObservable']>;
  /** Expects from when to when Redis had a name subscribed: `'-^---!'`, or a list of such diagrams. */
  expectSubscribed(name: string, kind?: ChannelKind): ReturnType<RunHelpers['expectSubscriptions']>;
}

/** The options of the Receiver and of the Redis in memory. */
export interface MarblesOptions<T> extends ReceiverOptions<T>, Pick<MemoryPubSubOptions, 'acknowledge'> {
  /**
   * Compares what came with what was expected, both lists, and throws where they differ.
   * @default deepStrictEqual of node:assert
   */
  readonly assertEqual?: ((actual: unknown, expected: unknown) => void) | undefined;
}

/**
 * A marble test of streams over Redis Pub/Sub, in virtual time and without a server. It works in every test runner: what
 * is not as expected is thrown.
 *
 * ```ts
 * it('warns', () =>
 *   marbles(({ receiver, publish, expectObservable }) => {
 *     publish('sensor:1', '-a-b-c', { a: '20', b: '99', c: '21' });
 *     const warnings = receiver.pattern('sensor:*').pipe(map(({ data }) => Number(data)), filter((n) => n > 90));
 *     expectObservable(warnings).toBe('---w', { w: 99 });
 *   }));
 * ```
 *
 * @see MemoryPubSub
 */
export function marbles<T = string>(
  test: (marbles: Marbles<T>) => void,
  options: MarblesOptions<T> = {},
): void {
  const { assertEqual = deepStrictEqual, acknowledge, ...receiverOptions } = options;
  if (typeof test !== 'function') throw invalidArgument('the test', 'a function', test);
  if (typeof assertEqual !== 'function')
    throw invalidArgument("the option 'assertEqual'", 'a function', assertEqual);
  const scheduler = new TestScheduler(assertEqual);
  scheduler.run((helpers) => {
    const redis = new MemoryPubSub({ acknowledge, scheduler });
    const receiver = new Receiver<T>(redis, receiverOptions);
    const codec = receiverOptions.codec ?? (text as Codec<unknown> as Codec<T>);
    const at: Marbles['at'] = (diagram, work) => void helpers.hot(diagram).subscribe(work);
    const publisher =
      (publish: (channel: string, data: string | Buffer) => number): Marbles<T>['publish'] =>
      (channel, diagram, values = {}) => {
        const valueOf = (letter: string) => (letter in values ? values[letter] : letter) as T;
        at(diagram, (letter) => publish(channel, codec.encode(valueOf(letter))));
      };
    const returned: unknown = test({
      ...helpers,
      redis,
      receiver,
      commands: redis.commands,
      at,
      publish: publisher((channel, data) => redis.publish(channel, data)),
      sPublish: publisher((channel, data) => redis.sPublish(channel, data)),
      expectData: (messages, subscription) =>
        helpers.expectObservable(messages.pipe(map(({ data }) => data)), subscription),
      expectSubscribed: (name, kind) => helpers.expectSubscriptions(redis.subscriptionLog(name, kind)),
    });
    if (returned instanceof Promise) {
      returned.catch(() => undefined);
      throw invalidArgument('a marble test', 'synchronous', returned, 'Virtual time waits for no promise.');
    }
  });
}
