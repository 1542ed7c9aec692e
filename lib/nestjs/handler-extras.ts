import type { ChannelKind, Codec } from '../index.js';

/**
 * What a handler of the `ReceiverStrategy` can say beside its name:
 *
 * ```typescript
 * @EventPattern('orders:{eu}', { kind: 'shard' } satisfies HandlerExtras)
 * ```
 */
export interface HandlerExtras {
  /**
   * How Redis is to subscribe it.
   * @default 'pattern' for a name with an unescaped `*`, `?` or `[`, else 'channel'
   */
  readonly kind?: ChannelKind | undefined;
  /**
   * Decodes what comes through this handler's channel, and encodes its replies.
   * @default the strategy's
   */
  readonly codec?: Codec<unknown> | undefined;
}
