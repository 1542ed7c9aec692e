import { createClient } from 'redis';
import { Receiver, type ReceiverEvent } from '../../lib/index.js';
import { FaultScene } from './fault-scene.js';
import { PROTOCOLS } from '../support/client-under-test.js';
import { describeNodeRedis } from '../support/node-redis-only.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe.each(PROTOCOLS)('a server, on RESP%i,', (RESP) => {
  it('that is killed, and returns after several attempts: causes one gap, and all Channels receive messages again', async () => {
    const reconnectStrategy = (retries: number) => Math.min(20 * retries, 50);
    await using scene = await FaultScene.start({ RESP, reconnectStrategy });
    await scene.observe();
    await scene.publish();
    await scene.allReceived();
    let tries = 0;
    scene.client.on('reconnecting', () => tries++);
    await scene.server.kill();
    await until(() => tries > 10);
    await scene.restart();
    await scene.recover();
    expect(scene.events.filter(({ type }) => type === 'disconnected')).toHaveLength(1);
    expect(scene.gaps).toHaveLength(1);
    expect(scene.ledger.faults()).toEqual([]);
  });

  it('that disconnects a slow consumer: causes a gap, and the stream continues', async () => {
    const args = ['--client-output-buffer-limit', 'pubsub 256kb 0 0'];
    await using scene = await FaultScene.start({ RESP, args });
    await scene.observe();
    const ballast = scene.receiver.channel('ballast');
    await ballast.whenSubscribed();
    await scene.publish();
    await scene.allReceived();
    scene.proxy.pause('to-client');
    // Each message is smaller than the limit, or the server would disconnect the client again.
    await until(async () => {
      await scene.admin.publish(ballast.name, 'x'.repeat(100_000));
      return (await scene.admin.pubSubNumSub([ballast.name]))[ballast.name] === 0;
    });
    scene.proxy.resume('to-client');
    await until(() => scene.events.some(({ type }) => type === 'disconnected'));
    await scene.recover();
    expect(scene.gaps).toHaveLength(1);
    expect(scene.ledger.faults()).toEqual([]);
  });

  it('that pauses its clients: causes no loss and no gap', async () => {
    await using scene = await FaultScene.start({ RESP });
    await scene.observe();
    await scene.admin.sendCommand(['CLIENT', 'PAUSE', '100', 'ALL']);
    const late = scene.receiver.channel('late');
    await late.whenSubscribed();
    await scene.recover('a', 'b', 'late');
    expect(scene.gaps).toEqual([]);
    expect(scene.ledger.missing('a')).toBe(0);
  });

  it('that refuses a Channel: fails only this Channel', async () => {
    const credentials = { username: 'limited', password: 'secret' };
    await using scene = await FaultScene.start({ RESP, credentials, channels: ['a', 'b', 'forbidden'] });
    await scene.admin.aclSetUser('limited', ['resetchannels', '&a', '&b']);
    const refusal = { code: 'ERR_SUBSCRIBE', channel: 'forbidden' };
    await expect(scene.observe()).rejects.toMatchObject(refusal);
    await scene.publish('a', 'b');
    await scene.allReceived(['a', 'b']);
    await expect(scene.receiver.channel('forbidden').whenSubscribed()).rejects.toMatchObject(refusal);
    await scene.admin.aclSetUser('limited', ['&forbidden']);
    await scene.receiver.connect();
    await scene.recover('a', 'b', 'forbidden');
    expect(scene.gaps).toEqual([]);
  });

  it('that refuses a Channel after a reconnection: fails only this Channel', async () => {
    const credentials = { username: 'fickle', password: 'secret' };
    const channels = ['a', 'b', 'revoked'];
    await using scene = await FaultScene.start({ RESP, credentials, channels });
    await scene.observe();
    await scene.publish();
    await scene.allReceived();
    const refused = until(() =>
      scene.events.find((event) => event.type === 'channel-error' && event.source.name === 'revoked'),
    );
    // Redis closes the connection of a subscriber whose channel has just been forbidden.
    await scene.admin.aclSetUser('fickle', ['resetchannels', '&a', '&b']);
    expect(await refused).toMatchObject({ error: { code: 'ERR_SUBSCRIBE', channel: 'revoked' } });
    await until(() => scene.ledger.ended);
    expect(scene.ledger.ended).toMatchObject({ error: { channel: 'revoked' } });
    scene.listen();
    await scene.recover('a', 'b');
    expect(scene.gaps.map((gap) => gap.channels.map(({ name }) => name).join())).toEqual(['a,b']);
    expect(scene.ledger.faults()).toEqual([]);
  });
});

describeNodeRedis('Receiver.open', () => {
  // Long enough for a busy machine, where a shorter timeout would take a healthy server for a frozen one.
  const HEARTBEAT = { pingInterval: 100, socket: { socketTimeout: 1_500, reconnectStrategy: () => 10 } };

  async function openOn(url: string) {
    const receiver = await Receiver.open({ url, ...HEARTBEAT });
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    const received: string[] = [];
    receiver.channel('a');
    receiver.subscribe(({ data }) => received.push(data));
    await receiver.connect();
    return {
      receiver,
      events,
      received,
      emitted: (type: string) => events.some((event) => event.type === type),
    };
  }

  it('detects a frozen server by its pings, and receives messages when it continues', async () => {
    await using server = await RedisServer.start();
    const { receiver, events, received, emitted } = await openOn(server.url);
    server.freeze();
    await until(() => emitted('disconnected'));
    expect(emitted('gap')).toBe(false);
    server.thaw();
    await until(() => emitted('gap'));
    await publishUntil(server, () => received.includes('1'));
    expect(events.filter(({ type }) => type === 'gap')).toHaveLength(1);
    await receiver.stop();
  });

  it('detects a half-open connection, in either direction', async () => {
    for (const direction of ['to-client', 'to-server'] as const) {
      await using server = await RedisServer.start();
      await using proxy = await TcpProxy.start(server.port);
      const { receiver, received, emitted } = await openOn(proxy.url);
      proxy.swallow(direction);
      await until(() => emitted('disconnected'));
      proxy.release(direction);
      await until(() => emitted('gap'));
      await publishUntil(server, () => received.includes('1'));
      await receiver.stop();
    }
  });

  it('never disconnects an idle subscriber that is healthy', async () => {
    await using server = await RedisServer.start();
    await using proxy = await TcpProxy.start(server.port);
    const { receiver, events, received } = await openOn(proxy.url);
    const before = proxy.seen('to-server');
    const PING = '*1\r\n$4\r\nPING\r\n'.length;
    // Far longer than the timeout that detects a dead connection.
    await until(() => proxy.seen('to-server') >= before + 25 * PING);
    expect(events.map(({ type }) => type)).toEqual(['subscribed']);
    await publishUntil(server, () => received.includes('1'));
    await receiver.stop();
  });
});

async function publishUntil(server: RedisServer, condition: () => boolean): Promise<void> {
  const publisher = await createClient({ url: server.url }).connect();
  await until(async () => {
    await publisher.publish('a', '1');
    return condition();
  });
  publisher.destroy();
}
