import { keySlot } from '../../lib/hub/key-slot.js';
import { mergeMapBounded, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { createCluster } from '../support/distributed-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const KEYS = ['{moves}1', '{moves}2', 'stays'];

describe('a group on a cluster', () => {
  let cluster: RedisCluster;
  const clients: ReturnType<typeof createCluster>[] = [];

  beforeAll(async () => {
    cluster = await RedisCluster.start({ masters: 2, replicas: 0 });
  });
  afterAll(async () => {
    for (const client of clients) await client.destroy();
    await cluster.stop();
  });

  const connect = async () => {
    const client = createCluster({ rootNodes: cluster.rootNodes });
    clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  it('handles each entry once, without a gap, while the slot of two of its streams moves', async () => {
    const told: ReceiverEvent[] = [];
    const handled = new Map<string, number[]>(KEYS.map((key) => [key, []]));
    const receivers = await Promise.all([1, 2].map(async () => new Receiver(await connect())));
    for (const receiver of receivers) {
      receiver.events.subscribe((event) => told.push(event));
      for (const key of KEYS) {
        const jobs = receiver.stream(key, { group: 'workers', prefetch: 10 });
        const work = mergeMapBounded(async ({ data }: { data: Record<string, string> }) => {
          await new Promise(setImmediate);
          handled.get(key)!.push(Number(data.n));
        });
        jobs.pipe(work).subscribe();
        await jobs.whenSubscribed();
      }
    }
    const countOf = (key: string) => handled.get(key)!.length;
    const whenMore = () => {
      const counts = KEYS.map((key) => countOf(key));
      return until(() => KEYS.every((key, index) => countOf(key) >= counts[index]! + 20));
    };
    const writer = (await connect()).duplicate();
    await writer.connect();
    let added = 0;
    const end = new AbortController();
    const adding = (async () => {
      for (; !end.signal.aborted; added++)
        await Promise.all(KEYS.map(async (key) => writer.xAdd(key, '*', { n: String(added) })));
    })();

    const from = await cluster.ownerOf('moves');
    const to = cluster.nodes.find((node) => node !== from)!;
    await whenMore();
    await cluster.migrate(keySlot('moves'), from, to, whenMore);
    await cluster.migrate(keySlot('moves'), to, from, whenMore);
    end.abort();
    await adding;
    await until(() => KEYS.every((key) => countOf(key) >= added));
    await Promise.all(receivers.map((receiver) => receiver.drain()));

    const all = Array.from({ length: added }, (_, n) => n);
    for (const key of KEYS) {
      expect(handled.get(key)!.sort((a, b) => a - b)).toEqual(all);
      const { admin } = await cluster.ownerOf(key);
      expect((await admin.xPending(key, 'workers')).pending).toBe(0);
    }
    expect(told.filter(({ type }) => type !== 'subscribed' && type !== 'unsubscribed')).toEqual([]);
    writer.destroy();
  });
});
