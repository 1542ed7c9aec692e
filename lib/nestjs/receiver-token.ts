import { Inject } from '@nestjs/common';

const DEFAULT_NAME = 'default';

/** Returns the token under which a Receiver is provided, and which a test overrides. */
export function getReceiverToken(name: string = DEFAULT_NAME): symbol {
  // `Symbol.for` returns the same token in the ES module and in the CommonJS build.
  return Symbol.for(`rx-redis-receiver.nestjs.receiver.${name}`);
}

/**
 * Injects the Receiver of the `ReceiverModule` with this name.
 *
 * ```typescript
 * constructor(@InjectReceiver() private readonly receiver: Receiver) {}
 * constructor(@InjectReceiver('prices') private readonly prices: Receiver<Price>) {}
 * constructor(@InjectReceiver() private readonly receiver: ReceiverOf<typeof events>) {}
 * ```
 */
export function InjectReceiver(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getReceiverToken(name));
}
