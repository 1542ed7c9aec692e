/**
 * NestJS: a module that provides Receivers to inject, and a transport for microservices.
 *
 * @module rx-redis-receiver/nestjs
 */

// Module
export {
  getReceiverToken,
  InjectReceiver,
  ReceiverHealthIndicator,
  ReceiverModule,
  type ReceiverHealth,
  type ReceiverModuleAsyncOptions,
  type ReceiverModuleExtras,
  type ReceiverModuleOptions,
} from './module.js';

// Microservices
export {
  ReceiverStrategy,
  type HandlerExtras,
  type HandlerGroup,
  type ReceiverStrategyEvents,
  type ReceiverStrategyOptions,
  type ReceiverStrategyStatus,
} from './microservice.js';
