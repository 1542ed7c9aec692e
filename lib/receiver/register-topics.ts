import type { Channel } from '../channel.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { ChannelOptions } from '../receiver-options.js';
import type { Params, Topic } from '../topics/topic.js';
import type {
  DataOfTopic,
  MessageOfTopic,
  SomeParams,
  TopicDeclarations,
  TopicName,
} from '../topics/topic-types.js';
import type { ReceiverCore } from './receiver-core.js';
import { registerChannel } from './register-channel.js';

/** The options of a topic's Channel: the topic has the codec. */
export type TopicChannelOptions = Omit<ChannelOptions<unknown>, 'codec'>;

/** The arguments of `topic()` behind the template. */
export type TopicArguments<D, K extends TopicName<D>> = readonly [
  ...SomeParams<D, K>,
  options?: TopicChannelOptions,
];

/** The Channel of a topic. */
export type TopicChannel<D, K extends TopicName<D>> = [D] extends [TopicDeclarations]
  ? Channel<DataOfTopic<D, K>, MessageOfTopic<D, K>>
  : Channel<unknown>;

/** Registers the topics of a Receiver, except topics of shards with parameters, which have no pattern. */
export function registerTopics(core: ReceiverCore, topics: Iterable<Topic>): void {
  for (const topic of topics) {
    if (topic.kind === 'shard' && topic.paramNames.length > 0) continue;
    registerTopic(core, topic, undefined, { keep: true });
  }
}

/** Implements `topic()`. */
export function topicChannel(
  core: ReceiverCore,
  template: string,
  rest: readonly unknown[],
): Channel<unknown> {
  const { topics } = core.options;
  if (!topics) {
    const advice = "Declare them with topics(), and pass them as the Receiver's option 'topics'.";
    throw invalidArgument('the topic', 'one of a Receiver that has topics', template, advice);
  }
  const [params, options] = rest as [Params?, TopicChannelOptions?];
  return registerTopic(core, topics.topic(template), params, options);
}

function registerTopic(
  core: ReceiverCore,
  topic: Topic,
  params: Params | undefined,
  options: TopicChannelOptions = {},
): Channel<unknown> {
  const isComplete = topic.isComplete(params);
  const kind = isComplete ? topic.kind : 'pattern';
  const name = isComplete ? topic.name(params) : topic.glob(params);
  if (!isComplete || !topic.recover) return registerChannel(core, kind, name, options, topic);
  const recover = { log: topic.recover.log?.(name), ...options.recover };
  return registerChannel(core, kind, name, { ...options, recover }, topic);
}
