import { coreOf } from '../channel/core-of.js';
import type { PubSubClient } from '../hub/client.js';
import { hubOf } from '../cluster/hub-of.js';
import type { Receiver } from './receiver.js';

/**
 * Whether a connection that a Receiver needs is lost: its client's, or that of the client of one of its Channels. To be
 * asked, and not to be gathered from the events: none says that a connection is back which nobody needs any more.
 */
export function isAway(receiver: Receiver<unknown>, client: PubSubClient): boolean {
  if (client.isReady === false) return true;
  const hubs = new Set([hubOf(client)]);
  for (const channels of [receiver.channels, receiver.patterns, receiver.shards])
    for (const channel of channels.values()) hubs.add(coreOf(channel).hub);
  return [...hubs].some((hub) => hub.isAway);
}
