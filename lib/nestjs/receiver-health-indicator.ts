import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Receiver, ReceiverStats } from '../index.js';
import { ReceiverHandle } from './receiver-handle.js';
import { getReceiverToken } from './receiver-token.js';

/**
 * Result of a check as `@nestjs/terminus` takes it: the status and its explanation, under the key of the check. `error` and
 * `attempt` are present while the connection is lost, if the client is the Receiver's own.
 */
export type ReceiverHealth<Key extends string = string> = Record<
  Key,
  {
    /** `'up'` while messages can arrive. */
    readonly status: 'up' | 'down';
    /** Text that names the reason why no messages arrive. */
    readonly message?: string;
    /** Text of the error with which the last attempt to reconnect failed. */
    readonly error?: string;
    /** Number of attempts that have failed since the connection was lost. */
    readonly attempt?: number;
  } & Pick<ReceiverStats, 'buffered' | 'dropped' | 'gaps'>
>;

/**
 * Health indicator that reports whether a Receiver is connected, in the form that `@nestjs/terminus` expects. A check sends
 * nothing to Redis: the pings of the client find a dead connection.
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
   * Returns the health of a Receiver: `'up'` while its subscriptions receive, `'down'` with a message otherwise.
   *
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
