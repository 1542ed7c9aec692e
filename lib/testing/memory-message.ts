import type { Observable } from 'rxjs';

/** A channel and what is published to it, such as `['news', 'hello']`. */
export type MemoryMessage = readonly [channel: string, data: string | Buffer];

/** A message that Redis has been sent by a `MemoryPubSub.publisher`, and has not yet answered. */
export interface Publication {
  readonly channel: string;
  readonly data: string | Buffer;
  /** Whether it was SPUBLISH. */
  readonly sharded: boolean;
  /** Who received it, as Redis counts. */
  readonly receivers: number;
}

/** What Redis answers: a number; when it does: with the first value of an Observable; or that it fails: its error. */
export type PublishReply = (publication: Publication) => number | Observable<number>;
