import type { Message } from '../channel.js';
import type { MessageOfTopics, TopicDeclarations } from './topic-types.js';

/** The messages of a Receiver: of its topics if it has any, or else of its codec's type. */
export type Received<T, D> = [D] extends [TopicDeclarations] ? MessageOfTopics<D> : Message<T>;
