import { createClient } from 'redis';
import { Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { clientUnderTest } from '../support/client-under-test.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const MAX_NAMES = 4_096;
const MAX_CHARACTERS = 131_072;

const namesOf = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => String(index).padStart(length, 'x'));

function commandsOf(client: MemoryPubSub): string[][] {
  return client.log.map((command) => command.split(' ').slice(1));
}

describe.each([
  ['many names', 10_000, 8],
  ['long names', 2_000, 300],
])('a command for %s', (_, count, length) => {
  it('has a bounded size, and the next one waits for its acknowledgement', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    for (const name of namesOf(count, length)) receiver.channel(name);
    client.withhold();
    receiver.subscribe();
    expect(client.log).toHaveLength(1);
    for (let sent = 0; sent < client.log.length; sent = client.log.length) client.acknowledge();
    for (const names of commandsOf(client)) {
      expect(names.length).toBeLessThanOrEqual(MAX_NAMES);
      expect(names.join('').length).toBeLessThanOrEqual(MAX_CHARACTERS);
    }
    while (client.subscriptions('channel').length < count) client.acknowledge();
    const before = client.log.length;
    client.withhold();
    void receiver.stop();
    expect(client.log).toHaveLength(before + 1);
    while (client.subscriptions('channel').length > 0) client.acknowledge();
  });

  it('is sent by the hub after a reconnection, too', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const gaps: number[] = [];
    receiver.events.subscribe((event) => event.type === 'gap' && gaps.push(event.gap.channels.length));
    for (const name of namesOf(count, length)) receiver.channel(name);
    receiver.subscribe();
    client.disconnect();
    const before = client.log.length;
    client.reconnect();
    expect(client.subscriptions('channel')).toHaveLength(count);
    expect(
      Math.max(
        ...commandsOf(client)
          .slice(before)
          .map((names) => names.length),
      ),
    ).toBeLessThanOrEqual(MAX_NAMES);
    expect(gaps).toEqual([count]);
  });
});

it('sends a name even if it is longer than the bound', () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  const [long] = namesOf(1, MAX_CHARACTERS + 1);
  for (const name of [long!, 'a']) receiver.channel(name);
  receiver.subscribe();
  expect(client.subscriptions('channel').sort()).toEqual(['a', long!].sort());
});

/** The acknowledgements take ten times the output buffer of the next spec. */
const MAX_AT_ONCE = 60_000;

it('subscribes more names than the output buffer can acknowledge at once, also after a reconnection', async () => {
  await using server = await RedisServer.start({
    args: ['--client-output-buffer-limit', 'pubsub 512kb 256kb 60'],
  });
  const admin = await createClient({ url: server.url }).connect();
  const client = clientUnderTest({ url: server.url, socket: { reconnectStrategy: () => 20 } });
  await client.connect();
  const receiver = new Receiver(client);
  const types: string[] = [];
  receiver.events.subscribe(({ type }) => types.push(type));
  for (const name of namesOf(MAX_AT_ONCE, 60)) receiver.channel(name);
  await receiver.connect();
  const count = async () => (await admin.pubSubChannels()).length;
  await expect(count()).resolves.toBe(MAX_AT_ONCE);
  expect(types).not.toContain('disconnected');
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await until(() => types.includes('gap'), { timeout: 10_000 });
  await expect(count()).resolves.toBe(MAX_AT_ONCE);
  expect(types.filter((type) => type === 'disconnected')).toHaveLength(1);
  await receiver.stop();
  client.destroy();
  admin.destroy();
}, 60_000);

it('holds back a bounded number of bytes during an outage', () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  const received: number[] = [];
  receiver.channel('a');
  receiver.pattern('slow*');
  receiver.subscribe({ next: ({ data }) => received.push(data.length), error: () => undefined });
  client.disconnect();
  client.forbidden.add('slow*');
  client.reconnect();
  client.forbidden.clear();
  client.withhold();
  client.reconnect();
  client.acknowledgeNext();
  client.publish('a', 'x');
  expect(received).toEqual([]);
  for (let i = 0; i < 10; i++) client.publish('a', 'x'.repeat(1_000_000));
  expect(received.length).toBeGreaterThan(0);
  client.acknowledge();
});
