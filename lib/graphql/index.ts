/**
 * GraphQL subscriptions: a `PubSubEngine` for `graphql-subscriptions`, and an event target for GraphQL Yoga.
 *
 * @module rx-redis-receiver/graphql
 */

// graphql-subscriptions
export { RedisPubSub } from './redis-pub-sub.js';
export type { PayloadIterator } from './client-iterator.js';
export type {
  DeserializerContext,
  PassedReceiver,
  RedisPubSubOptions,
  TriggerOptions,
  TriggerTransform,
} from './redis-pub-sub-options.js';

// GraphQL Yoga
export {
  createRedisEventTarget,
  type EventSerializer,
  type RedisEventTargetOptions,
  type TypedEvent,
  type TypedEventListener,
  type TypedEventListenerObject,
  type TypedEventTarget,
  type TypedListenerOptions,
} from './yoga.js';
