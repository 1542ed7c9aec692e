import { Module, type DynamicModule } from '@nestjs/common';
import { ReceiverModule } from 'rx-redis-receiver/nestjs';
import { DashboardController } from './dashboard-controller.js';
import { Monitor } from './monitor.js';
import { REDIS_URL } from './redis-url.js';
import { receiverOptions } from './settings.js';
import { Sources } from './sources.js';
import { Traffic } from './traffic.js';
import { Workers } from './workers.js';

@Module({})
export class DashboardModule {
  static forRedis(url: string): DynamicModule {
    return {
      module: DashboardModule,
      imports: [ReceiverModule.forRoot(receiverOptions(url))],
      controllers: [DashboardController],
      providers: [{ provide: REDIS_URL, useValue: url }, Sources, Workers, Traffic, Monitor],
    };
  }
}
