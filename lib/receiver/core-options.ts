import type { Codec } from '../codec/codec.js';
import type { PubSubClient } from '../hub/client.js';
import type { PubSubHub, ReaderOf } from '../hub/pub-sub-hub.js';
import type { Bounds } from '../queue/buffer-options.js';
import type { TopicDeclarations } from '../topics/topic-types.js';
import type { Topics } from '../topics/topics.js';

/** The checked options of a Receiver, with the defaults filled in. */
export interface CoreOptions {
  readonly client: PubSubClient;
  readonly hub: PubSubHub;
  /** The codec of Channels that have none of their own. */
  readonly codec: Codec<unknown>;
  readonly heartbeat: number;
  readonly readerOf: ReaderOf;
  readonly bounds: Bounds;
  readonly autoStop: boolean;
  readonly onGap: 'event' | 'error';
  readonly topics: Topics<TopicDeclarations> | undefined;
  /** Called once all subscriptions are released. */
  readonly onStopped: () => void;
}
