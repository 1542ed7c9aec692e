import type { SubscriptionKind, Codec } from '../index.js';

/**
 * Extras of a handler of the `ReceiverStrategy`, given beside its name:
 *
 * ```typescript
 * @EventPattern('orders:{eu}', { kind: 'shard' } satisfies HandlerExtras)
 * ```
 */
export interface HandlerExtras {
  /**
   * Kind of subscription for the name of the handler.
   * @default 'pattern' for a name with an unescaped `*`, `?` or `[`, else 'channel'
   */
  readonly kind?: SubscriptionKind | undefined;
  /**
   * Codec that decodes the messages of this handler's channel, and encodes its replies.
   * @default the codec of the strategy
   */
  readonly codec?: Codec<unknown> | undefined;
}
