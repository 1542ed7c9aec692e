import type { SubscriptionKind } from '../channel-kind.js';
import { acknowledgedNames } from './acknowledged-names.js';
import type { IoredisInternals } from './ioredis-client.js';
import type { ListenerRegistry } from './listener-registry.js';

/** The fields of CLIENT INFO with the numbers of subscriptions. */
const FIELDS: Readonly<Record<string, SubscriptionKind>> = { sub: 'channel', psub: 'pattern', ssub: 'shard' };

/**
 * Resolves to the text of CLIENT INFO, in which other code's subscriptions on the client do not count. On RESP2 a subscribed
 * connection takes no CLIENT INFO: the acknowledgements of Redis count in its place, up to the reply to a PING.
 */
export async function subscriptionCounts(
  redis: IoredisInternals,
  registry: ListenerRegistry,
): Promise<string> {
  const isResp3 = redis.condition?.protocol === 3;
  const info = isResp3 ? String(await redis.call('client', 'INFO')) : '';
  if (!isResp3) await redis.call('ping');
  const fields = isResp3 ? info.trim().split(' ') : Object.keys(FIELDS).map((field) => `${field}=Infinity`);
  return fields
    .map((field) => {
      const [key = '', value] = field.split('=');
      const kind = FIELDS[key];
      return kind ? `${key}=${String(countOf(kind, Number(value), redis, registry))}` : field;
    })
    .join(' ');
}

/** Returns the number of registered names that Redis has, out of a total with other code's names. */
function countOf(
  kind: SubscriptionKind,
  total: number,
  redis: IoredisInternals,
  registry: ListenerRegistry,
): number {
  const acknowledged = acknowledgedNames(redis, kind);
  const registered = registry.byKind[kind];
  if (!acknowledged) return Math.min(total, registered.size);
  let ours = 0;
  for (const name of registered.keys()) if (acknowledged.has(name)) ours++;
  return Math.max(0, Math.min(ours, total - (acknowledged.size - ours)));
}
