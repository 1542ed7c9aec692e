import { shortfallOf, type Shortfall } from '../hub/inspection.js';
import type { SwappableClient } from './swappable-client.js';
import type { NodeClient } from './node-client.js';

/**
 * The result of a check. `'astray'`: Redis has fewer subscriptions for this connection than the client believes.
 * `'misplaced'`: the server is not the one that it should be. `'unclear'`: the server answers, but operations are in flight.
 */
export type Finding = 'sound' | 'unclear' | 'astray' | 'misplaced';

/** Checks a connection once; rejects if the connection fails meanwhile. */
export async function checkConnection(
  client: NodeClient,
  port: SwappableClient,
  isSound: () => Promise<boolean>,
): Promise<Finding> {
  const begun = port.operationsIfQuiet;
  const info = await client.sendCommand(['CLIENT', 'INFO']).then(String, (error: unknown) => {
    if (client.isReady === false) throw error;
    return undefined;
  });
  // On RESP2, or without permission for CLIENT INFO, the connection can only show that it is alive.
  if (info === undefined) await client.sendCommand(['PING']);
  const isQuiet = begun !== undefined && begun === port.operationsIfQuiet;
  if (isQuiet && info !== undefined && !isComplete(shortfallOf(info, client))) return 'astray';
  const sound = await isSound().catch((error: unknown) => {
    if (client.isReady === false) throw error;
    return true;
  });
  if (!sound) return 'misplaced';
  return isQuiet ? 'sound' : 'unclear';
}

function isComplete(shortfall: Shortfall | undefined): boolean {
  return shortfall === undefined || Object.values(shortfall).every((count) => count === 0);
}
