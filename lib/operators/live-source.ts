import { Observable } from 'rxjs';
import type { Channel } from '../channel.js';
import type { Receiver } from '../receiver/receiver.js';

/** Returns the Channels of a source: itself, or all of a Receiver. */
export function channelsOf(live: Channel<unknown> | Receiver<unknown>): Channel<unknown>[] {
  if (isChannel(live)) return [live];
  return [live.channels, live.patterns, live.shards, live.streams].flatMap<Channel<unknown>>((channels) => [
    ...channels.values(),
  ]);
}

/** Tells a Channel from a Receiver by shape: the source may come from another copy of this package. */
export function isChannel(live: unknown): live is Channel<unknown> {
  return live instanceof Observable && 'whenSubscribed' in live;
}
