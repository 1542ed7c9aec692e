import { join } from 'node:path';
import { require as tsxRequire } from 'tsx/cjs/api';

/** Finds or installs redis-server once, before the workers start; they inherit the path. */
export default async function globalSetup(): Promise<void> {
  // Jest's module name mapping does not apply to this file, so tsx resolves its imports.
  const { findRedisServer } = tsxRequire(
    join(__dirname, 'find-redis-server.ts'),
    __filename,
  ) as typeof import('./find-redis-server.js');
  process.env.REDIS_SERVER_BIN = await findRedisServer();
}
