import { installPackage } from './install-package.js';
import { onPath } from './on-path.js';

type Log = (line: string) => void;

interface Way {
  readonly name: string;
  find(log: Log): string | undefined | Promise<string>;
}

const WAYS: readonly Way[] = [
  { name: 'the PATH', find: () => onPath('redis-server') },
  {
    name: "the system's packages",
    find(log) {
      installPackage('redis-server', (manager) => (manager === 'apt-get' ? 'redis-server' : 'redis'), log);
      return onPath('redis-server');
    },
  },
  {
    name: 'redis-memory-server',
    async find(log) {
      log('redis-server: redis-memory-server downloads and compiles one');
      const { RedisBinary } = await import('redis-memory-server');
      return RedisBinary.getPath();
    },
  },
];

/**
 * Returns the path of a redis-server: the one in `REDIS_SERVER_BIN`, else the first that is found or can be installed.
 */
export async function findRedisServer(log: Log = console.error): Promise<string> {
  const named = process.env.REDIS_SERVER_BIN;
  if (named) return named;

  const failures: string[] = [];
  for (const { name, find } of WAYS) {
    try {
      const path = await find(log);
      if (path) return path;
      failures.push(`${name}: no redis-server there`);
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `There is no redis-server. Install one, or set REDIS_SERVER_BIN to its path. Tried:\n- ${failures.join('\n- ')}`,
  );
}
