import { Inject } from '@nestjs/common';

const DEFAULT_NAME = 'default';

/** The token that a Receiver is provided under: what a test overrides. */
export function getReceiverToken(name: string = DEFAULT_NAME): symbol {
  // The same in the ES module and in the CommonJS build.
  return Symbol.for(`rx-redis-receiver.nestjs.receiver.${name}`);
}

/**
 * Injects the Receiver of a `ReceiverModule`, by the name that this was given.
 *
 * ```typescript
 * constructor(@InjectReceiver() private readonly receiver: Receiver) {}
 * constructor(@InjectReceiver('prices') private readonly prices: Receiver<Price>) {}
 * ```
 */
export function InjectReceiver(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getReceiverToken(name));
}
