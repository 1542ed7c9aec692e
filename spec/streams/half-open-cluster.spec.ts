import { keySlot } from '../../lib/hub/key-slot.js';
import { Receiver, type ReceiverEvent } from '../../lib/index.js';
import { createCluster } from '../support/distributed-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

/** A key of the first half of the slots, and one of the second half: two masters share them so. */
const KEYS = [0, 1].map((half) => {
  const names = Array.from({ length: 100 }, (_, n) => `jobs:${String(n)}`);
  return names.find((name) => Math.floor(keySlot(name) / 8_192) === half)!;
});

describe.each([
  ['streams', undefined],
  ['groups', 'workers'],
])('half-open connections of %s to one node of a cluster', (_what, group) => {
  it('are replaced, although the other node replies', async () => {
    await using cluster = await RedisCluster.start({ masters: 2, replicas: 0 });
    const [node, other] = cluster.nodes;
    await using proxy = await TcpProxy.start(node!.port);
    await using otherProxy = await TcpProxy.start(other!.port);
    const client = createCluster({
      rootNodes: cluster.rootNodes,
      nodeAddressMap: (address: string) => {
        const { port } = address === node!.address ? proxy : otherProxy;
        return { host: '127.0.0.1', port };
      },
    });
    client.on('error', () => undefined);
    await client.connect();
    const receiver = new Receiver(client);
    const told: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => told.push(event));
    const received: string[] = [];
    for (const key of KEYS) {
      const options = { field: 'n', from: 'start' };
      const channel = group
        ? receiver.stream(key, { ...options, group, claimAfter: 1_000 })
        : receiver.stream(key, options);
      channel.subscribe(({ data }) => received.push(data));
      await channel.whenSubscribed();
    }
    const add = (n: number) => cluster.nodes[n % 2]!.admin.xAdd(KEYS[n % 2]!, '*', { n: String(n) });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const both = numbers.splice(0, 2);
    for (const n of both) await add(n);
    await until(() => received.length === 2);

    proxy.silence();
    for (const n of numbers) await add(n);
    // The other node goes on.
    await until(() => received.length === 11);
    await until(() => received.length >= 20, { timeout: 30_000 });
    expect(received.map(Number).sort((a, b) => a - b)).toEqual([...both, ...numbers]);
    expect(told.map(({ type }) => type)).toEqual(['subscribed', 'subscribed']);
    await receiver.stop();
    await client.destroy();
  });
});
