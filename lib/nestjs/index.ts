// Module
export { ReceiverModule, type ReceiverModuleAsyncOptions } from './receiver-module.js';
export type { ReceiverModuleExtras, ReceiverModuleOptions } from './receiver-module-options.js';
export { getReceiverToken, InjectReceiver } from './receiver-token.js';
export { ReceiverHealthIndicator, type ReceiverHealth } from './receiver-health-indicator.js';

// Microservices
export { ReceiverStrategy, type ReceiverStrategyEvents } from './receiver-strategy.js';
export type { ReceiverStrategyStatus } from './connection-state.js';
export type { ReceiverStrategyOptions } from './receiver-strategy-options.js';
export type { HandlerExtras } from './handler-extras.js';
