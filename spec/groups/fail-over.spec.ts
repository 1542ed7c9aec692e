import { createClient } from 'redis';
import { Receiver, type GroupMessage, type ReceiverEvent } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const gapsOf = (events: readonly ReceiverEvent[]) =>
  events.flatMap((event) => (event.type === 'gap' ? [[event.gap.cause, event.gap.dropped]] : []));

it('a fail-over that loses writes is a gap for a stream, and no gap for a group, which delivers again', async () => {
  await using master = await RedisServer.start();
  await using replica = await RedisServer.start();
  await using proxy = await TcpProxy.start(master.port);
  const old = await createClient({ url: master.url }).connect();
  const next = await createClient({ url: replica.url }).connect();
  await next.sendCommand(['REPLICAOF', '127.0.0.1', String(master.port)]);
  const client = createClient({ url: proxy.url, socket: { reconnectStrategy: () => 5 } });
  client.on('error', () => undefined);
  await client.connect();
  const add = (admin: typeof old, n: number) => admin.xAdd('jobs', '*', { n: String(n) });

  const told: ReceiverEvent[] = [];
  const reader = new Receiver(client, { heartbeat: 100 });
  reader.events.subscribe((event) => told.push(event));
  const read: number[] = [];
  const stream = reader.stream('jobs', { field: 'n' });
  stream.subscribe(({ data }) => read.push(Number(data)));
  const toldToWorker: ReceiverEvent[] = [];
  const worker = new Receiver(client);
  worker.events.subscribe((event) => toldToWorker.push(event));
  const jobs: GroupMessage[] = [];
  const channel = worker.stream('jobs', { group: 'workers', prefetch: 2, claimAfter: 500, ack: 'manual' });
  let isHandled = false;
  channel.subscribe((job) => {
    jobs.push(job);
    if (isHandled) job.ack();
  });
  const received = () => jobs.map(({ data }) => Number(data.n));
  await Promise.all([stream.whenSubscribed(), channel.whenSubscribed()]);

  const ids = [await add(old, 1), await add(old, 2), await add(old, 3)];
  await until(() => read.length === 3 && jobs.length === 2);
  await until(async () => Number(await old.sendCommand(['WAIT', '1', '1000'])) === 1);
  await next.sendCommand(['REPLICAOF', 'NO', 'ONE']);
  // The other server has nothing of the following.
  await old.xDel('jobs', ids[2]!);
  await add(old, 4);
  for (const { ack } of jobs) ack();
  await until(() => jobs.length === 3 && read.length === 4);
  expect([received(), gapsOf(toldToWorker), gapsOf(told)]).toEqual([[1, 2, 4], [['log', 1]], []]);

  proxy.leadTo(replica.port);
  isHandled = true;
  jobs[2]!.ack();
  await until(() => jobs.length === 6 && gapsOf(told).length === 1);
  await add(next, 5);
  await until(() => jobs.length === 7 && read.length === 5);
  await until(async () => (await next.xPending('jobs', 'workers')).pending === 0);
  // The acknowledgements of 1 and 2 were lost, and the deletion of 3.
  expect([received().slice(3).sort(), gapsOf(toldToWorker)]).toEqual([[1, 2, 3, 5], [['log', 1]]]);
  expect([read, gapsOf(told)]).toEqual([[1, 2, 3, 4, 5], [['log', undefined]]]);
  await Promise.all([reader.stop(), worker.stop()]);
  for (const each of [client, old, next]) each.destroy();
});
