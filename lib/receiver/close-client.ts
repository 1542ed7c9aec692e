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
      // Not before it has something in flight: version 5 closes a connection then only because that fails.
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
    // Version 5 says that it is closed already.
  }
}
