/**
 * The module for NestJS alone, for an application without `@nestjs/microservices`.
 *
 * @module rx-redis-receiver/nestjs/module
 */

export { ReceiverModule } from './receiver-module.js';
export type {
  ReceiverModuleAsyncOptions,
  ReceiverModuleExtras,
  ReceiverModuleOptions,
} from './receiver-module-options.js';
export { getReceiverToken, InjectReceiver } from './receiver-token.js';
export { ReceiverHealthIndicator, type ReceiverHealth } from './receiver-health-indicator.js';
