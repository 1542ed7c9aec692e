import { coreOf } from '../channel/core-of.js';
import type { PubSubClient } from '../hub/client.js';
import { hubOf } from '../cluster/hub-of.js';
import type { Receiver } from './receiver.js';

/**
 * Returns whether a connection that a Receiver needs is lost: the connection of its client, or of the client of one of its
 * Channels. The events cannot answer this: there is no event for the return of a connection that no Channel needs any more.
 */
export function isAway(receiver: Receiver<unknown>, client: PubSubClient): boolean {
  if (client.isReady === false) return true;
  const hubs = new Set([hubOf(client)]);
  for (const channels of [receiver.channels, receiver.patterns, receiver.shards, receiver.streams])
    for (const channel of channels.values()) hubs.add(coreOf(channel).hub);
  return [...hubs].some((hub) => hub.isAway);
}
