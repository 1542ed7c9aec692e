import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** The highest usable port: a server in cluster mode listens on its port and on that port plus 10,000. */
const HIGHEST_PORT = 65_535 - 10_000;

/**
 * Returns a loopback port that was free a moment ago. Another process may take it first, so a caller must be ready to
 * try again.
 */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port <= HIGHEST_PORT ? port : freePort();
}
