import type { Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { nearestOf } from '../errors/known-options.js';
import type { Publisher } from '../publisher.js';
import type { RecoverableOptions } from '../recovery/recoverable.js';
import { overlap } from './overlap.js';
import { Topic, type Params } from './topic.js';
import { createPublisher, type TopicPublisher } from './topic-publisher.js';
import type {
  AllParams,
  CheckedDeclarations,
  DataOfTopic,
  ParamsOfTopic,
  TopicDeclarations,
  TopicName,
} from './topic-types.js';
import type { ChannelName, ParamName } from './template-types.js';

/** The target of `publishTo`: the channels of one topic, for values of its type. */
export interface TopicTarget<T> {
  /** The codec of the topic. */
  readonly codec: Codec<T>;
  /** True if the topic has sharded channels. */
  readonly sharded: boolean;
  /** The options of the logs, if the messages of the topic can be recovered. */
  readonly recover?: RecoverableOptions | undefined;
  /** Returns the name of the channel for a value. */
  channelOf(value: T): string;
}

/** The topics of a system, as {@link topics} declares them. */
export class Topics<D extends TopicDeclarations> {
  /** The declarations, as they were given. */
  readonly declarations: D;
  readonly #topics = new Map<string, Topic>();

  /** @internal */
  constructor(declarations: D) {
    if (typeof declarations !== 'object' || (declarations as object | null) === null)
      throw invalidArgument('the topics', 'an object with a declaration for each template', declarations);
    this.declarations = declarations;
    for (const [name, declaration] of Object.entries(declarations))
      this.#topics.set(name, new Topic(name, declaration));
  }

  /**
   * The pairs of topics that have names in common, as far as their templates can tell: a schema may still keep them apart.
   * A Receiver of both gets a message to such a name twice, once for each topic.
   */
  get overlaps(): readonly (readonly [TopicName<D>, TopicName<D>])[] {
    const all = [...this.#topics.values()];
    return all.flatMap((one, index) =>
      all
        .slice(index + 1)
        .filter((other) => areMixed(one, other))
        .map((other) => [one.topic as TopicName<D>, other.topic as TopicName<D>] as const),
    );
  }

  /** Returns topics with these templates alone, for a Receiver that needs no others. */
  pick<K extends TopicName<D>>(...templates: readonly K[]): Topics<Pick<D, K>> {
    const picked = templates.map((template) => [template, this.declarations[this.topic(template).topic]]);
    return new Topics(Object.fromEntries(picked) as Pick<D, K>);
  }

  /**
   * Returns the name of the channel for these parameters, with escaped separators: a `:` in a parameter becomes `%3A`.
   *
   * @throws {TypeError} for a missing, unknown or invalid parameter
   */
  name<K extends TopicName<D>>(template: K, ...params: AllParams<D, K>): ChannelName<K> {
    return this.topic(template).name(params[0]) as ChannelName<K>;
  }

  /**
   * Returns the glob of the channels with these parameters, with a `*` for each missing one.
   *
   * @throws {TypeError} for an unknown or invalid parameter
   */
  glob<K extends TopicName<D>>(template: K, params?: Partial<ParamsOfTopic<D, K>>): string {
    return this.topic(template).glob(params);
  }

  /** Returns the parameters in the name of a channel; undefined if the name is not one of the topic. */
  parse<K extends TopicName<D>>(template: K, channel: string): ParamsOfTopic<D, K> | undefined {
    return this.topic(template).parse(channel) as ParamsOfTopic<D, K> | undefined;
  }

  /**
   * Returns a target for {@link publishTo}.
   *
   * @param params the parameters, or a function that returns them for each value; none for a topic without parameters
   */
  channel<K extends TopicName<D>>(
    template: K,
    ...params: [ParamName<K>] extends [never]
      ? []
      : [params: ParamsOfTopic<D, K> | ((value: DataOfTopic<D, K>) => ParamsOfTopic<D, K>)]
  ): TopicTarget<DataOfTopic<D, K>> {
    const topic = this.topic(template);
    const [given] = params as [Params | ((value: unknown) => Params) | undefined];
    const paramsFor = typeof given === 'function' ? given : () => given;
    return {
      codec: topic.codec as Codec<DataOfTopic<D, K>>,
      sharded: topic.kind === 'shard',
      recover: topic.recover,
      channelOf: (value) => topic.name(paramsFor(value)),
    };
  }

  /**
   * Returns a publisher of the topics.
   *
   * @param client client that publishes, and stays open. Pass a connection without subscriptions
   */
  publisher(client: Publisher): TopicPublisher<D> {
    return createPublisher<D>(client, (template) => this.topic(template));
  }

  /** The templates, in the order of their declaration. */
  get names(): readonly TopicName<D>[] {
    return [...this.#topics.keys()] as TopicName<D>[];
  }

  /** @internal */
  topic(template: string): Topic {
    const topic = this.#topics.get(template);
    if (topic) return topic;
    const nearest = typeof template === 'string' ? nearestOf(template, this.names) : undefined;
    const list = this.names.map((name) => `'${name}'`).join(', ');
    const advice = nearest && `Did you mean '${nearest}'?`;
    throw invalidArgument('the topic', `one of those declared (${list})`, template, advice);
  }

  /** @internal */
  [Symbol.iterator](): Iterator<Topic> {
    return this.#topics.values();
  }
}

/**
 * Declares the topics of a system, from which a Receiver, a publisher and tests take their types.
 *
 * ```ts
 * const events = topics({
 *   news: text,
 *   'order:{id}:{event}': { data: Order, params: { id: z.coerce.number() } },
 *   'jobs:{region}': { data: json<Job>(), kind: 'shard' },
 * });
 * const receiver = await Receiver.open(url, { topics: events });
 * ```
 *
 * A template is the name of a channel with parameters: `{id}` stands for one or more characters, without colons and without
 * the character that follows the parameter in the template; separators in a value are escaped when a name is made. Literal
 * braces are doubled: `'cart:{{user}}'` stands for `cart:{user}`.
 *
 * Topics that have names in common are legal, and a process warning of type `TopicOverlapWarning` lists them.
 *
 * @param declarations for each template, the codec of its payloads, a Standard Schema, or a {@link TopicDefinition}
 * @throws {TypeError} for a template or a declaration that is not valid
 */
export function topics<const D extends TopicDeclarations>(
  declarations: D & CheckedDeclarations<D>,
): Topics<D> {
  const declared = new Topics<D>(declarations);
  for (const [one, other] of declared.overlaps) {
    process.emitWarning(
      `The topics "${one}" and "${other}" have names in common: a Receiver of both gets such a message twice.`,
      { type: 'TopicOverlapWarning', detail: 'Change a template, or give its parameters narrower schemas.' },
    );
  }
  return declared;
}

function areMixed(one: Topic, other: Topic): boolean {
  if (one.kind !== other.kind) return false;
  if (one.paramNames.length === 0) return other.parse(one.name()) !== undefined;
  if (other.paramNames.length === 0) return one.parse(other.name()) !== undefined;
  return overlap(one.template, other.template);
}
