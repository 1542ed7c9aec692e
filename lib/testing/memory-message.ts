import type { Observable } from 'rxjs';

/** Channel, and the data published to it, such as `['news', 'hello']`. */
export type MemoryMessage = readonly [channel: string, data: string | Buffer];

/** Message that a `MemoryPubSub.publisher` has sent to Redis, and that Redis has not answered yet. */
export interface Publication {
  /** Channel to which the message was published. */
  readonly channel: string;
  /** Payload. */
  readonly data: string | Buffer;
  /** True if the message was sent with SPUBLISH. */
  readonly sharded: boolean;
  /** Number of receivers, as Redis counts them. */
  readonly receivers: number;
}

/**
 * Function that returns Redis's reply: a number for a reply at once, or an Observable for a later one. The first value of
 * the Observable is the reply; its error is a failure of the command.
 */
export type PublishReply = (publication: Publication) => number | Observable<number>;
