import type { OwnedClient } from './client-factory.js';

/** Events that say that a client, or one of those inside a cluster's, has made a connection, or is about to try again. */
const SIGNS = ['connect', 'node-connect', 'node-error'];

/**
 * Closes a client of our own for good. node-redis goes on with a connection that it was making when it was destroyed, and
 * would keep it, and with it the process: that one is closed when it is there.
 */
export function closeClient(client: OwnedClient): void {
  for (const event of SIGNS) {
    client.on(event, () => {
      // Not before the client has taken the connection over.
      setImmediate(() => destroy(client));
    });
  }
  // Also where it is not open: a cluster's client that could not be connected leaves the clients of its nodes open.
  destroy(client);
}

function destroy(client: OwnedClient): void {
  try {
    void Promise.resolve(client.destroy()).catch(() => undefined);
  } catch {
    destroySocket(client);
  }
}

/** What version 5 uses itself to exchange its socket. */
interface Version5 {
  _ejectSocket?(): { destroySocket(): void };
  _insertSocket?(socket: object): void;
}

/** Version 5 refuses to destroy a client that it calls closed, also while it makes a connection for it. */
function destroySocket(client: OwnedClient & Version5): void {
  const socket = client._ejectSocket?.();
  if (!socket) return;
  client._insertSocket?.(socket);
  socket.destroySocket();
}
