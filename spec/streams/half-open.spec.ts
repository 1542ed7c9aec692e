import { createClient } from 'redis';
import { Receiver, type ReceiverEvent } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

describe.each([
  ['a stream', undefined],
  ['a group', 'workers'],
])('half-open connections of %s', (_what, group) => {
  it('are replaced, and everything is delivered, without a gap', async () => {
    await using server = await RedisServer.start();
    await using proxy = await TcpProxy.start(server.port);
    const admin = await createClient({ url: server.url }).connect();
    // Without pings, and without a timeout of the socket.
    const client = createClient({ url: proxy.url });
    client.on('error', () => undefined);
    await client.connect();
    const receiver = new Receiver(client);
    const told: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => told.push(event));
    const received: string[] = [];
    const options = { field: 'n', from: 'start' };
    const channel = group
      ? receiver.stream('jobs', { ...options, group, claimAfter: 1_000 })
      : receiver.stream('jobs', options);
    channel.subscribe(({ data }) => received.push(data));
    await channel.whenSubscribed();
    const add = (n: number) => admin.xAdd('jobs', '*', { n: String(n) });
    await add(0);
    await until(() => received.length === 1);
    await until(async () => (await admin.info('clients')).includes('blocked_clients:1'));

    proxy.silence();
    // The first one ends the read that waits: its reply is lost.
    for (let n = 1; n < 50; n++) await add(n);
    await until(() => received.length >= 50, { timeout: 30_000 });
    await add(50);
    await until(() => received.length >= 51);
    const numbers = Array.from({ length: 51 }, (_, n) => String(n));
    if (group === undefined) expect(received).toEqual(numbers);
    else {
      // The lost one is claimed later.
      expect(received.sort((a, b) => Number(a) - Number(b))).toEqual(numbers);
      await until(async () => (await admin.xPending('jobs', group)).pending === 0);
    }
    expect(told.map(({ type }) => type)).toEqual(['subscribed']);
    await receiver.stop();
    client.destroy();
    admin.destroy();
  });
});
