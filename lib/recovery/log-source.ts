import type { PubSubClient } from '../hub/client.js';
import type { FollowerSource } from './follower.js';
import { LogFollower } from './log-follower.js';
import { logReaderOf } from './log-reader.js';
import type { Recover } from './recover-options.js';

/** Returns the way to follow a log that is kept on the server of this client. */
export function logSource(client: PubSubClient, options: Recover): FollowerSource {
  const reader = logReaderOf(client);
  return { options, follow: (channel) => new LogFollower(channel, options, reader) };
}
