import type { PubSubClient } from '../hub/client.js';
import { isClusterClient } from './cluster-nodes.js';

/** A client of one server; node-redis has the two methods since version 5.9. */
interface ServerClient {
  readonly isReady?: boolean;
  on(event: string, listener: () => void): unknown;
  _pause?(): void;
  _unpause?(): void;
}

/**
 * Makes a client keep its commands in the queue while it has no connection. node-redis 5 writes a command at the end of the turn,
 * even if it has lost the connection since: that command then takes the first reply of the next connection, which is the reply to
 * another command.
 */
export function holdWritesWhileOffline(client: Pick<PubSubClient, 'on'>): void {
  const kind = client as PubSubClient;
  if (!isClusterClient(kind)) return hold(client);
  const held = new WeakSet<object>();
  kind.on('node-ready', () => {
    for (const { client: node } of kind.masters) {
      if (!node || held.has(node)) continue;
      held.add(node);
      hold(node);
    }
  });
}

function hold(client: ServerClient): void {
  if (!client._pause || !client._unpause) return;
  client.on('error', () => {
    if (client.isReady === false) client._pause?.();
  });
  // The client writes its handshake after 'connect'. An error that is not the end of the connection may precede 'ready'.
  for (const event of ['connect', 'ready']) client.on(event, () => client._unpause?.());
}
