/** A client that this package has created. */
export interface ClosableClient {
  on(event: string, listener: () => void): unknown;
  destroy(): unknown;
}

/** The events of a client, or of one inside a cluster client, that has connected, or that is about to try again. */
const SIGNS = ['connect', 'node-connect', 'node-error'];

/**
 * Closes a client of this package for good. node-redis finishes a connection that it was making when it was destroyed, and
 * would keep it open, and the process alive: that connection is closed as soon as it is there.
 */
export function closeClient(client: ClosableClient): void {
  for (const event of SIGNS) {
    client.on(event, () => {
      // Only after the client has taken over the connection.
      setImmediate(() => destroy(client));
    });
  }
  // Even if the client is not open: a cluster client that could not connect leaves the clients of its nodes open.
  destroy(client);
}

function destroy(client: ClosableClient): void {
  try {
    void Promise.resolve(client.destroy()).catch(() => undefined);
  } catch {
    destroySocket(client);
  }
}

/** The methods by which version 5 exchanges its socket. */
interface Version5 {
  _ejectSocket?(): { destroySocket(): void };
  _insertSocket?(socket: object): void;
}

/** Destroys the socket of a version 5 client: `destroy` refuses while the client counts as closed, even if it connects. */
function destroySocket(client: ClosableClient & Version5): void {
  const socket = client._ejectSocket?.();
  if (!socket) return;
  client._insertSocket?.(socket);
  socket.destroySocket();
}
