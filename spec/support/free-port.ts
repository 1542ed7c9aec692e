import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A server in cluster mode listens on its port and on that plus 10,000. */
const HIGHEST_PORT = 65_535 - 10_000;

/** A loopback port that was free a moment ago: whoever takes it must be ready to try another. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port <= HIGHEST_PORT ? port : freePort();
}
