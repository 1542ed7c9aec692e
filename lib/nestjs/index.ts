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
  type ReceiverStrategyEvents,
  type ReceiverStrategyOptions,
  type ReceiverStrategyStatus,
} from './microservice.js';
