import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Receiver, ReceiverStats } from '../index.js';
import { ReceiverHandle, type Obstacle } from './receiver-handle.js';
import { getReceiverToken } from './receiver-token.js';

/**
 * What `@nestjs/terminus` takes for the result of a check: under its key, the status and what explains it. While the
 * connection is lost, `error` and `attempt` are those of the last try to reconnect that failed, if the client is the Receiver's
 * own.
 */
export type ReceiverHealth<Key extends string = string> = Record<
  Key,
  { readonly status: 'up' | 'down' } & Partial<Obstacle> &
    Pick<ReceiverStats, 'buffered' | 'dropped' | 'gaps'>
>;

/**
 * Says whether a Receiver is connected, in the form that `@nestjs/terminus` expects. It asks nobody: a connection that
 * has died is known by its heartbeat.
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
   * @param key what the result stands under
   * @param name of the Receiver, as in `@InjectReceiver(name)`
   */
  isHealthy<const Key extends string>(key: Key, name?: string): ReceiverHealth<Key> {
    const receiver = this.#moduleRef.get<Receiver<unknown>>(getReceiverToken(name), { strict: false });
    const obstacle = ReceiverHandle.of(receiver)?.obstacle;
    // A test may have put anything in its place.
    const { buffered, dropped, gaps } = (receiver.stats as ReceiverStats | undefined) ?? {};
    const detail = { buffered, dropped, gaps };
    const result = obstacle ? { status: 'down', ...obstacle, ...detail } : { status: 'up', ...detail };
    return { [key]: result } as ReceiverHealth<Key>;
  }
}
