import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { openClient } from '../../lib/open/open-client.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

jest.mock('redis', () => jest.requireActual<object>('redis-5'));

const sockets: Socket[] = [];
const onSocket = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
beforeEach(() => subscribe('net.client.socket', onSocket));
afterEach(() => unsubscribe('net.client.socket', onSocket));

it('is not deaf with node-redis 5 although the connection is lost before SUBSCRIBE is written', async () => {
  await using server = await RedisServer.start();
  const received: string[] = [];
  const client = await openClient({ url: server.url });
  const own = sockets.at(-1)!;
  const publisher = await openClient({ url: server.url });
  const subscribed = client.subscribe('news', (message) => void received.push(String(message)));
  own.destroy(new Error('The connection was reset.'));
  await subscribed;
  // The client may yet lose count of its replies, and connects once more.
  await until(async () => (await publisher.publish('news', 'a')) > 0 && received.length > 0);
  client.destroy();
  publisher.destroy();
});
