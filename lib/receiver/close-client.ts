import type { OwnedClient } from './client-factory.js';

/**
 * Closes a client of our own for good. node-redis goes on with a connection that it was making when it was destroyed, and
 * would keep it, and with it the process: that one is closed when it is there.
 */
export function closeClient(client: OwnedClient): void {
  if (!client.isOpen) return;
  client.on('connect', () => {
    // Not before it has something in flight: version 5 closes a connection then only because that fails.
    setImmediate(() => destroy(client));
  });
  destroy(client);
}

function destroy(client: OwnedClient): void {
  try {
    void Promise.resolve(client.destroy()).catch(() => undefined);
  } catch {
    // Version 5 says that it is closed already.
  }
}
