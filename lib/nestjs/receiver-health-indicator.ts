import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Receiver, ReceiverStats } from '../index.js';
import { ReceiverHandle, type Obstacle } from './receiver-handle.js';
import { getReceiverToken } from './receiver-token.js';

/**
 * Result of a check as `@nestjs/terminus` takes it: the status and its explanation, under the key of the check. While the
 * connection is lost, `error` and `attempt` are those of the last failed attempt to reconnect, if the client is the
 * Receiver's own.
 */
export type ReceiverHealth<Key extends string = string> = Record<
  Key,
  { readonly status: 'up' | 'down' } & Partial<Obstacle> &
    Pick<ReceiverStats, 'buffered' | 'dropped' | 'gaps'>
>;

/**
 * Health indicator that reports whether a Receiver is connected, in the form that `@nestjs/terminus` expects. A check sends
 * nothing to Redis: the heartbeat of the client finds a dead connection.
 *
 * ```typescript
 * @Get() @HealthCheck()
 * check() {
 *   return this.health.check([() => this.receivers.isHealthy('redis')]);
 * }
 * ```
 */
@Injectable()
export class ReceiverHealthIndicator {
  readonly #moduleRef: ModuleRef;

  constructor(@Inject(ModuleRef) moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  /**
   * @param key key of the result
   * @param name name of the Receiver, as in `@InjectReceiver(name)`
   */
  isHealthy<const Key extends string>(key: Key, name?: string): ReceiverHealth<Key> {
    const receiver = this.#moduleRef.get<Receiver<unknown>>(getReceiverToken(name), { strict: false });
    const obstacle = ReceiverHandle.of(receiver)?.obstacle;
    // A test may have provided any object in place of the Receiver.
    const { buffered, dropped, gaps } = (receiver.stats as ReceiverStats | undefined) ?? {};
    const detail = { buffered, dropped, gaps };
    const result = obstacle ? { status: 'down', ...obstacle, ...detail } : { status: 'up', ...detail };
    return { [key]: result } as ReceiverHealth<Key>;
  }
}
