import { assertPublisher, type Publisher } from '../publisher.js';
import type { ScriptClient } from '../log/log-client.js';
import { recoverable } from '../recovery/recoverable.js';
import type { Topic } from './topic.js';
import type { ParamName } from './template-types.js';
import type { DataOfTopic, ParamsOfTopic, TopicName } from './topic-types.js';

/** A publisher of declared topics. */
export interface TopicPublisher<D> {
  /**
   * Publishes to a channel of a topic (PUBLISH, or SPUBLISH for shards), and resolves to the number of subscribers that
   * Redis has counted.
   *
   * ```ts
   * await publisher.publish('news', 'hello');
   * await publisher.publish('order:{id}:{event}', { id: 7, event: 'paid' }, order);
   * ```
   *
   * @throws {TypeError} for an unknown topic, or a missing, unknown or invalid parameter
   * @throws {ValidationError} if the schema of the topic refuses the data; any other error of its codec, or of Redis
   */
  publish<K extends TopicName<D>>(
    template: K,
    ...message: K extends unknown
      ? [ParamName<K>] extends [never]
        ? [data: DataOfTopic<D, K>]
        : [params: ParamsOfTopic<D, K>, data: DataOfTopic<D, K>]
      : never
  ): Promise<number>;
}

export function createPublisher<D>(
  client: Publisher,
  topicOf: (template: string) => Topic,
): TopicPublisher<D> {
  assertPublisher(client);
  const publishers = new Map<Topic, Publisher>();
  const publisherOf = (topic: Topic) => {
    const known = publishers.get(topic);
    if (known) return known;
    const created = topic.recover ? recoverable(client as Publisher & ScriptClient, topic.recover) : client;
    publishers.set(topic, created);
    return created;
  };
  return {
    publish: async (template, ...message) => {
      const topic = topicOf(template);
      const [params, data] = message.length === 2 ? message : [undefined, message[0]];
      const name = topic.name(params);
      const payload = topic.codec.encode(data);
      const publisher = publisherOf(topic);
      if (topic.kind === 'channel') return publisher.publish(name, payload);
      assertPublisher(publisher, true);
      return publisher.sPublish(name, payload);
    },
  };
}
