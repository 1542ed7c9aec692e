import { distinctUntilChanged, filter, map, merge, type Observable } from 'rxjs';
import { GapError, type Channel, type Gap, type ReceiverEvent } from '../index.js';
import type { RawMessage } from './payload-codec.js';
import type { RedisPubSubOptions } from './redis-pub-sub-options.js';

export type OnGap = NonNullable<RedisPubSubOptions['onGap']>;

/** A payload that stands where messages are missing. */
export class Substitute {
  readonly payload: unknown;
  readonly gap: Gap;

  constructor(payload: unknown, gap: Gap) {
    this.payload = payload;
    this.gap = gap;
  }
}

export type Item = RawMessage | Substitute;

/** Returns the payload that stands for a gap, undefined for none; throws where the gap is an error. */
export function substituteFor(gap: Gap, onGap: OnGap): unknown {
  if (onGap === 'error') throw new GapError(gap);
  return onGap === 'event' ? undefined : onGap(gap);
}

/** Merges the messages of Channels, and what stands for a gap, in its place. */
export function itemsOf(channels: readonly Channel<string | Buffer>[], onGap: OnGap): Observable<Item> {
  const [first] = channels;
  const messages = first && channels.length === 1 ? first : merge(...channels);
  if (onGap === 'event') return messages;
  const substitutes = merge(...channels.map(({ events }) => events)).pipe(
    filter((event): event is Extract<ReceiverEvent, { type: 'gap' }> => event.type === 'gap'),
    // An outage is one gap, which each of its Channels reports.
    distinctUntilChanged((one, other) => one.gap === other.gap),
    map(({ gap }) => new Substitute(substituteFor(gap, onGap), gap)),
    filter(({ payload }) => payload !== undefined),
  );
  return merge(substitutes, messages);
}
