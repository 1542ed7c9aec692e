import { onAbort } from '../abort.js';
import { singleUse, type NodeClient } from '../cluster/node-client.js';
import { closeClient } from '../hub/close-client.js';
import type { ServerClient } from '../hub/client.js';
import { SETTING } from './config-error.js';

/** Returns whether further connections to the server of a client can be made: not to a server in memory. */
export function isNodeClient(client: ServerClient): client is NodeClient {
  return typeof (client as Partial<NodeClient>).duplicate === 'function' && client.sendCommand !== undefined;
}

/** Returns the address of a client's server. */
export function addressOf({ options }: NodeClient): string {
  const { host = 'localhost', port = 6379, path } = (options?.socket ?? {}) as Record<string, string>;
  return path ?? `${host}:${port}`;
}

/**
 * Reads `notify-keyspace-events` on a short connection of its own: a subscribed connection of RESP2 accepts no commands.
 *
 * @param signal closes the connection
 */
export async function readSetting(template: NodeClient, signal: AbortSignal): Promise<string> {
  const client = singleUse(template, undefined);
  const close = () => closeClient(client);
  client.on('error', () => undefined);
  const forget = onAbort(signal, close);
  try {
    await client.connect();
    const value = valueOf(await client.sendCommand(['CONFIG', 'GET', SETTING]));
    if (typeof value === 'string' || Buffer.isBuffer(value)) return value.toString();
    throw new Error(`The server knows no setting ${SETTING}.`);
  } finally {
    forget();
    close();
  }
}

/** Returns the value in a reply of one pair, whose type depends on the protocol and on the client's type mapping. */
function valueOf(reply: unknown): unknown {
  if (reply instanceof Map) return [...(reply as Map<unknown, unknown>).values()][0];
  if (Array.isArray(reply)) return reply[1] as unknown;
  return typeof reply === 'object' && reply !== null ? Object.values(reply)[0] : undefined;
}
