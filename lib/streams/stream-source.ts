import type { FollowerSource } from '../recovery/follower.js';
import { StreamFollower } from './stream-follower.js';
import type { StreamHub } from './stream-hub.js';
import type { StreamSettings } from './stream-options.js';

/** Returns the way to follow a stream on the server of this hub. */
export function streamSource(hub: StreamHub, key: string, options: StreamSettings): FollowerSource {
  return { options, follow: (channel) => new StreamFollower(channel, hub, key, options) };
}
