import type { TopicDeclarations, MessageOfTopics } from '../topics/topic-types.js';
import type { Topics } from '../topics/topics.js';
import type { Receiver } from './receiver.js';

/**
 * The type of a Receiver with these topics.
 *
 * ```ts
 * constructor(@InjectReceiver() private readonly receiver: ReceiverOf<typeof events>) {}
 * ```
 */
export type ReceiverOf<T> = T extends Topics<infer D extends TopicDeclarations> ? Receiver<string, D> : never;

/** The union of the messages of these topics. */
export type MessageOf<T> = T extends Topics<infer D extends TopicDeclarations> ? MessageOfTopics<D> : never;
