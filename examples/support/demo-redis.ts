import { createClient } from 'redis';
import { RedisServer } from '../../spec/support/redis-server.js';

export interface DemoRedis extends AsyncDisposable {
  readonly url: string;
  /** What it is and where it came from. */
  readonly description: string;
}

const SETTING = 'notify-keyspace-events';

/** The Redis that REDIS_URL names, which is left as it was found; or else a new one, which ends when it is disposed of. */
export async function demoRedis(note: (text: string) => void): Promise<DemoRedis> {
  const given = process.env.REDIS_URL;
  if (given)
    return {
      url: given,
      description: `${await whatIs(given)}, which REDIS_URL names`,
      ...(await restorer(given)),
    };

  note("No REDIS_URL: redis-server comes from the PATH, else the system's packages, else is compiled");
  const server = await RedisServer.start();
  return {
    url: server.url,
    description: `${await whatIs(server.url)}, keeps nothing, ends with this demo`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function whatIs(url: string): Promise<string> {
  const info = await ask(url, (client) => client.info('server'));
  const [version, program] = ['redis_version', 'executable'].map(
    (key) => new RegExp(`^${key}:(.*?)\r?$`, 'm').exec(info)?.[1],
  );
  return `Redis ${version ?? ''} (${program ?? '?'}) at ${new URL(url).host}`;
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
