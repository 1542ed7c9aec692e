import { register } from 'tsx/cjs/api';

/** Finds or installs redis-server, and bundles the package, once before the workers start; they inherit the paths. */
export default async function globalSetup(): Promise<void> {
  // Jest's module name mapping does not apply to this file, so tsx resolves its imports.
  const unregister = register();
  const { findRedisServer } = await import('./find-redis-server.js');
  const { bundlePackage } = await import('./bundle.js');
  unregister();
  process.env.REDIS_SERVER_BIN = await findRedisServer();
  process.env.BUNDLES = await bundlePackage();
}
