import { createClient, RESP_TYPES } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { bytes, Receiver, type PubSubClient, type ReceiverEvent } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

type Create = (options: object) => PubSubClient & {
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
  sendCommand(args: string[]): Promise<unknown>;
};

const create6 = createClient as unknown as Create;
const create5 = createClient5 as unknown as Create;

describe('a stream on each kind of client', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  it.each([
    ['node-redis 5 on RESP2', create5, { RESP: 2 }, ''],
    ['node-redis 5 on RESP3', create5, { RESP: 3 }, ''],
    ['node-redis 6 on RESP2', create6, { RESP: 2 }, ''],
    ['node-redis 6 on RESP3', create6, { RESP: 3 }, ''],
    ['a client with a prefix for keys', create6, { keyPrefix: 'app:' }, 'app:'],
    [
      'a client with types of its own',
      create6,
      { commandOptions: { typeMapping: { [RESP_TYPES.MAP]: Map, [RESP_TYPES.BLOB_STRING]: Buffer } } },
      '',
    ],
  ])('%s delivers entries, a field, and Buffers', async (_name, create, options, prefix) => {
    await server.restart();
    const client = create({ url: server.url, ...options });
    const admin = createClient({ url: server.url });
    client.on('error', () => undefined);
    await Promise.all([client.connect(), admin.connect()]);
    const receiver = new Receiver(client);
    const told: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => told.push(event));
    const received: unknown[] = [];
    const take = ({ channel, data, fields }: { channel: string; data: unknown; fields?: object }) =>
      void received.push([channel, data, fields]);
    receiver.stream('whole', { from: 'start' }).subscribe(take);
    receiver.stream('field', { field: 'n', from: 'start' }).subscribe(take);
    receiver.stream('bytes', { field: 'n', codec: bytes, from: 'start' }).subscribe(take);
    const names = ['whole', 'field', 'bytes'];
    for (const value of ['a', 'b']) {
      for (const name of names) await admin.xAdd(prefix + name, '*', { n: value, ['__proto__']: 'p' });
      await until(() => received.length === (value === 'a' ? 3 : 6));
    }
    const fields = (n: string) =>
      Object.fromEntries([
        ['n', n],
        ['__proto__', 'p'],
      ]);
    for (const [index, n] of ['a', 'b'].entries()) {
      expect(
        new Map(received.slice(3 * index, 3 * index + 3).map((one) => [(one as unknown[])[0], one])),
      ).toEqual(
        new Map<unknown, unknown>([
          ['whole', ['whole', fields(n), fields(n)]],
          ['field', ['field', n, fields(n)]],
          ['bytes', ['bytes', Buffer.from(n), undefined]],
        ]),
      );
    }
    expect(told.filter(({ type }) => type !== 'subscribed')).toEqual([]);
    await receiver.stop();
    client.destroy();
    admin.destroy();
  });
});
