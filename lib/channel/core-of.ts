import { sourceOf, type Channel } from '../channel.js';
import type { ChannelCore } from './channel-core.js';

/** Returns the core of a Channel. */
export function coreOf<T>(channel: Channel<T>): ChannelCore<T> {
  return sourceOf(channel) as ChannelCore<T>;
}
