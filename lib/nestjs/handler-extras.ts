import type { SubscriptionKind, Codec, GroupOptions } from '../index.js';

/**
 * Consumer group of an event handler. The name of the handler is the key of a stream, whose entries all instances of the
 * application share.
 */
export interface HandlerGroup extends Omit<GroupOptions, 'field' | 'codec' | 'client' | 'keep' | 'ack'> {
  /**
   * Field of an entry that is the payload.
   * @default 'data'
   */
  readonly field?: string | undefined;
}

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
   * Consumer group of an event handler, in place of a subscription: each event is handled at least once, by one of the
   * instances. An event whose handler fails is delivered again after `claimAfter`.
   * @default none
   */
  readonly group?: HandlerGroup | undefined;
  /**
   * Codec that decodes the messages of this handler's channel, and encodes its replies.
   * @default the codec of the strategy
   */
  readonly codec?: Codec<unknown> | undefined;
}
