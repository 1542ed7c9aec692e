import { join } from 'node:path';
import { createClient } from 'redis';
import { Receiver, type GroupMessage, type GroupOptions } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { ScriptProcess } from '../support/script-process.js';
import { until } from '../support/until.js';

const clientOf = (url: string) => createClient({ url });
type Client = ReturnType<typeof clientOf>;

describe('a consumer that leaves while Redis does not reply, or refuses', () => {
  let server: RedisServer;
  let admin: Client;

  beforeEach(async () => {
    server = await RedisServer.start();
    admin = clientOf(server.url);
    admin.on('error', () => undefined);
    await admin.connect();
  });
  afterEach(async () => {
    admin.destroy();
    await server.stop();
  });

  const newClient = async () => {
    const client = clientOf(server.url);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const connections = async () => (await admin.clientList()).length;
  const consume = async (client: Client, options: Partial<GroupOptions> = {}) => {
    const receiver = new Receiver(client);
    const received: GroupMessage[] = [];
    const channel = receiver.stream('jobs', {
      group: 'workers',
      ack: 'manual',
      ...options,
      field: undefined,
      codec: undefined,
    });
    channel.subscribe((message) => received.push(message));
    await channel.whenSubscribed();
    return { receiver, received };
  };

  it('leaves nothing that keeps the process alive when Redis is gone', async () => {
    await using script = await ScriptProcess.start(join(__dirname, 'fixture', 'leaving.ts'), {
      REDIS_URL: server.url,
    });
    await admin.xAdd('jobs', '*', { n: '1' });
    await script.printed(/received/);
    await server.kill();
    await script.printed(/stopped/);
    await until(() => script.hasEnded, { timeout: 8_000 });
    expect(await script.end).toBe(0);
  });

  it('gives acknowledgements up that Redis refuses', async () => {
    const client = await newClient();
    // Nothing is read while the only entry is in hand: nothing else finds out.
    const { receiver, received } = await consume(client, { prefetch: 1 });
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1);
    await admin.set('jobs', 'text');
    received[0]?.ack();
    await receiver.stop();
    client.destroy();
    await until(async () => (await connections()) === 1);
  });

  it('closes what drain() has opened for a handler that does not end', async () => {
    const client = await newClient();
    const { receiver, received } = await consume(client, { claimAfter: 100 });
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1);
    await receiver.drain();
    client.destroy();
    await until(async () => (await connections()) === 1);
  });
});
