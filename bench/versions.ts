import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { createClient } from 'redis';

const LIBRARIES = ['redis', 'rxjs', 'ioredis', 'ioredis-6'];
const require = createRequire(import.meta.url);

/** Returns a line with the processor and the versions of Node, the server and the libraries. */
export async function versions(url: string): Promise<string> {
  const client = await createClient({ url }).connect();
  const server = /redis_version:(\S+)/.exec(await client.info('server'))?.[1];
  client.destroy();
  const libraries = LIBRARIES.map((name) => `${name.replace('-6', '')} ${manifest(name).version}`);
  return [
    `${cpus().length} × ${cpus()[0]?.model}`,
    `Node ${process.version}`,
    `Redis ${server}`,
    ...libraries,
  ].join(', ');
}

function manifest(name: string): { version: string } {
  return require(`${name}/package.json`) as { version: string };
}
