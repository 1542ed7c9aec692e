import { createClient } from 'redis';
import { RedisServer } from '../../spec/support/redis-server.js';

export interface DemoRedis extends AsyncDisposable {
  readonly url: string;
  /** A description of the server, and where it was found. */
  readonly description: string;
}

const SETTING = 'notify-keyspace-events';

/** The Redis that REDIS_URL names, which is left as it was found; else a new one, which ends when it is disposed of. */
export async function demoRedis(note: (text: string) => void): Promise<DemoRedis> {
  const given = process.env.REDIS_URL;
  if (given) {
    const { version } = await about(given).catch(noRedis);
    const description = `Redis ${version} at ${new URL(given).host}, which REDIS_URL names`;
    return { url: given, description, ...(await restorer(given)) };
  }
  note("No REDIS_URL: redis-server comes from the PATH, else the system's packages, else is compiled");
  const server = await RedisServer.start();
  const { version, program } = await about(server.url);
  return {
    url: server.url,
    description: `Redis ${version} (${program}) on port ${server.port}, keeps nothing, ends with this demo`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function noRedis(cause: unknown): never {
  const advice = 'Unset it, and the demo starts a Redis of its own.';
  throw new Error(`REDIS_URL names no Redis that answers. ${advice}`, { cause });
}

async function about(url: string) {
  const info = await ask(url, (client) => client.info('server'));
  const valueOf = (key: string) => new RegExp(`^${key}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '?';
  return { version: valueOf('redis_version'), program: valueOf('executable') };
}

async function restorer(url: string): Promise<AsyncDisposable> {
  const { [SETTING]: before = '' } = await ask(url, (client) => client.configGet(SETTING));
  return {
    [Symbol.asyncDispose]: async () => {
      await ask(url, (client) => client.configSet(SETTING, before));
    },
  };
}

async function ask<T>(url: string, question: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await question(client);
  } finally {
    client.destroy();
  }
}

type Client = Awaited<ReturnType<typeof connect>>;

async function connect(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  return client.connect();
}
