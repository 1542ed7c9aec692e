import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import * as redis6 from 'redis';
import * as redis5 from 'redis-5';
import { SharedConnection } from '../../lib/recovery/shared-connection.js';
import { StreamRequests } from '../../lib/streams/stream-requests.js';
import type { StreamInfo } from '../../lib/streams/stream-info.js';
import { createCluster, createCluster5, type Create } from '../support/distributed-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';

const KEY = 'stream';
const socket = { reconnectStrategy: () => 5 };
const createClient5 = redis5.createClient as unknown as Create;
const createClient6 = redis6.createClient as unknown as Create;

// The reply that a misplaced command takes is that of the handshake: its commands differ with the protocol and the password.
describe('a connection that is lost before a command is written', () => {
  let cluster: RedisCluster;
  let url: string;
  const sockets: Socket[] = [];
  const onSocket = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);

  beforeAll(async () => {
    cluster = await RedisCluster.start({ masters: 1, replicas: 0 });
    const { server, admin } = cluster.nodes[0]!;
    url = server.url;
    await admin.aclSetUser('tested', ['on', '>secret', '+@all', '~*', 'allchannels']);
  }, 60_000);
  afterAll(() => cluster.stop());
  beforeEach(() => subscribe('net.client.socket', onSocket));
  afterEach(() => unsubscribe('net.client.socket', onSocket));

  it.each([
    ['node-redis 5 on RESP2', createClient5, { RESP: 2 }],
    ['node-redis 5 on RESP3', createClient5, { RESP: 3 }],
    ['node-redis 5 with a password', createClient5, { username: 'tested', password: 'secret' }],
    ['node-redis 6', createClient6, {}],
    ['node-redis 5 on a cluster', createCluster5, {}],
    [
      'node-redis 5 on a cluster, with a password',
      createCluster5,
      { username: 'tested', password: 'secret' },
    ],
    ['node-redis 6 on a cluster', createCluster, {}],
  ])('gives each command its own reply, with %s', async (_name, create, options) => {
    const settings = { ...options, socket };
    const source = create({ url, ...settings, rootNodes: [{ url }], defaults: settings });
    source.on('error', () => undefined);
    await source.connect();
    const { admin } = cluster.nodes[0]!;
    const id = await admin.xAdd(KEY, '*', { n: '1' });
    const connection = new SharedConnection(source);
    const requests = new StreamRequests(connection);
    const last = () =>
      new Promise<string | undefined>((onReply, onError) =>
        requests.info(KEY, false, {
          onReply: (info: StreamInfo | undefined) => onReply(info?.last),
          onError,
        }),
      );
    expect(await last()).toBe(id);

    const replies = [last()];
    sockets.at(-1)!.destroy(new Error('The connection was reset.'));
    replies.push(last());
    expect(await Promise.all(replies)).toEqual([id, id]);
    expect(await last()).toBe(id);
    connection.close();
    source.destroy();
  });
});
