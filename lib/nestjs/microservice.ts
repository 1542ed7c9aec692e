/**
 * The transport for microservices of NestJS alone.
 *
 * @module rx-redis-receiver/nestjs/microservice
 */

export { ReceiverStrategy, type ReceiverStrategyEvents } from './receiver-strategy.js';
export type { ReceiverStrategyStatus } from './connection-state.js';
export type { ReceiverStrategyOptions } from './receiver-strategy-options.js';
export type { HandlerExtras, HandlerGroup } from './handler-extras.js';
