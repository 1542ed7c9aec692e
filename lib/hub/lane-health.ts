import type { LanePort } from './lane-port.js';
import type { NodeClient } from './node-client.js';

/**
 * `'astray'`: Redis has fewer subscriptions for this connection than the client believes. `'misplaced'`: the server is
 * not what it should be. `'unclear'`: it answers, but subscriptions are under way.
 */
export type Finding = 'sound' | 'unclear' | 'astray' | 'misplaced';

/** One look at a connection; rejects if the connection fails meanwhile. */
export async function look(
  client: NodeClient,
  port: LanePort,
  isSound: () => Promise<boolean>,
): Promise<Finding> {
  const begun = port.operationsIfQuiet;
  const info = await client.sendCommand(['CLIENT', 'INFO']).then(String, (error: unknown) => {
    if (client.isReady === false) throw error;
    return undefined;
  });
  // On RESP2, or for a user without the permission, it can only say that it is there.
  if (info === undefined) await client.sendCommand(['PING']);
  const isQuiet = begun !== undefined && begun === port.operationsIfQuiet;
  if (isQuiet && info !== undefined && !isComplete(info, client)) return 'astray';
  const sound = await isSound().catch((error: unknown) => {
    if (client.isReady === false) throw error;
    return true;
  });
  if (!sound) return 'misplaced';
  return isQuiet ? 'sound' : 'unclear';
}

function isComplete(info: string, client: NodeClient): boolean {
  const fields = new Map(
    info
      .trim()
      .split(' ')
      .map((field) => field.split('=') as [string, string]),
  );
  return (['CHANNELS', 'PATTERNS', 'SHARDED'] as const).every((type) => {
    const actual = fields.get(FIELDS[type]);
    const expected = client.getPubSubListeners?.(type).size;
    return actual === undefined || expected === undefined || Number(actual) >= expected;
  });
}

/** What Redis calls the counts; the last is missing before Redis 7.0.3. */
const FIELDS = { CHANNELS: 'sub', PATTERNS: 'psub', SHARDED: 'ssub' } as const;
