/**
 * The event target for GraphQL Yoga alone, for an application without `graphql-subscriptions`.
 *
 * @module rx-redis-receiver/graphql/yoga
 */

export {
  createRedisEventTarget,
  type EventSerializer,
  type RedisEventTargetOptions,
} from './redis-event-target.js';
export type { PassedReceiver } from './redis-pub-sub-options.js';
export type {
  TypedEvent,
  TypedEventListener,
  TypedEventListenerObject,
  TypedEventTarget,
  TypedListenerOptions,
} from './typed-event-target.js';
