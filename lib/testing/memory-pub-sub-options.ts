import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { AcknowledgeMode } from './request-line.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';

/**
 * Options of a {@link MemoryPubSub}: when Redis acknowledges, and by which clock.
 *
 * ```ts
 * new MemoryPubSub({ acknowledge: 5 }); // five milliseconds later
 * ```
 */
export interface MemoryPubSubOptions {
  /**
   * Time at which Redis executes and acknowledges a request: `'immediate'`, in the same tick; `'withheld'`, when the test
   * calls `acknowledge()`; a number, so many milliseconds later.
   * @default 'immediate'
   */
  readonly acknowledge?: AcknowledgeMode | undefined;
  /**
   * Clock of the delayed acknowledgements. Inside `TestScheduler.run` the default is in virtual time already; outside of it,
   * pass the TestScheduler.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike | undefined;
}

export type CheckedOptions = {
  readonly [K in keyof MemoryPubSubOptions]-?: NonNullable<MemoryPubSubOptions[K]>;
};

const OPTIONS = optionNames<MemoryPubSubOptions>({ acknowledge: true, scheduler: true });

export function checkedOptions(options: MemoryPubSubOptions): CheckedOptions {
  assertKnownOptions('the options', options, OPTIONS);
  const { acknowledge = 'immediate', scheduler = asyncScheduler } = options;
  const isDelay = typeof acknowledge === 'number' && acknowledge >= 0 && acknowledge < Infinity;
  if (!isDelay && acknowledge !== 'immediate' && acknowledge !== 'withheld') {
    throw invalidArgument(
      "the option 'acknowledge'",
      "'immediate', 'withheld' or a number of milliseconds",
      acknowledge,
    );
  }
  const clock = scheduler as Partial<SchedulerLike> | null;
  if (typeof clock?.now !== 'function' || typeof clock.schedule !== 'function')
    throw invalidArgument("the option 'scheduler'", 'a scheduler of RxJS', scheduler);
  return { acknowledge, scheduler };
}
