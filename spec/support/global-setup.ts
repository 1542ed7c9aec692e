import { join } from 'node:path';
import { require as tsxRequire } from 'tsx/cjs/api';

/** Runs once, before the workers start: they inherit the path, and none of them installs anything. */
export default async function globalSetup(): Promise<void> {
  // Jest's module name mapping does not reach this file, so tsx has to resolve its imports.
  const { findRedisServer } = tsxRequire(
    join(__dirname, 'find-redis-server.ts'),
    __filename,
  ) as typeof import('./find-redis-server.js');
  process.env.REDIS_SERVER_BIN = await findRedisServer();
}
