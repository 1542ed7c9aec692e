import { createClient } from 'redis';
import { Receiver, RecoveryError, SubscribeError, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

describe('the options of a group', () => {
  const group = 'workers';

  it.each<[object, string]>([
    [{ claimAfter: 50 }, "Expected the option 'claimAfter' to be absent without the option 'group', got 50."],
    [
      { deadLetter: 'dead' },
      "the option 'deadLetter' to be absent without the option 'group', got \"dead\".",
    ],
    [{ ack: 'manual' }, "the option 'ack' to be absent without the option 'group'"],
    [{ group: '' }, "the option 'group' to be a string that is not empty"],
    [{ group: 7 }, "the option 'group' to be a string that is not empty, without lone surrogates, got 7."],
    [{ group: '\ud800' }, "the option 'group' to be a string that is not empty, without lone surrogates"],
    [{ group, consumer: '' }, "the option 'consumer' to be a string"],
    [{ group, deadLetter: 'jobs' }, "the option 'deadLetter' to be the key of another stream"],
    [{ group, prefetch: 0 }, "the option 'prefetch' to be an integer from 1 to 10000, got 0."],
    [{ group, prefetch: 10_001 }, "the option 'prefetch' to be an integer from 1 to 10000"],
    [{ group, claimAfter: 1 }, "the option 'claimAfter' to be an integer from 10 to 2147483647, got 1."],
    [{ group, claimAfter: 50.5 }, "the option 'claimAfter' to be an integer"],
    [{ group, maxDeliveries: 0 }, "the option 'maxDeliveries' to be an integer from 1, or Infinity, got 0."],
    [{ group, maxDeliveries: NaN }, "the option 'maxDeliveries' to be an integer from 1, or Infinity"],
    [{ group, ack: true }, "the option 'ack' to be 'handled' or 'manual', got true."],
    [{ group, from: 'yesterday' }, "the option 'from' to be 'new', 'start' or the id of an entry"],
    [{ group, claimafter: 5 }, "Did you mean 'claimAfter'?"],
  ])('refuses %p', async (options, message) => {
    const receiver = new Receiver(new MemoryPubSub());
    expect(() => receiver.stream('jobs', options as never)).toThrow(message);
    expect(receiver.streams.size).toBe(0);
    await receiver.stop();
  });

  it('refuses one key with and without a group', async () => {
    const receiver = new Receiver(new MemoryPubSub());
    const channel = receiver.stream('jobs', { group });
    expect(receiver.stream('jobs', { group })).toBe(channel);
    expect(() => receiver.stream('jobs')).toThrow('as it was registered');
    expect(() => receiver.stream('jobs', { group: 'others' })).toThrow('as it was registered');
    expect(() => receiver.stream('jobs', { group, ack: 'manual' })).toThrow('as it was registered');
    await channel.close();
    expect(receiver.stream('jobs', { group: 'others' })).not.toBe(channel);
    await receiver.stop();
  });
});

describe('a group that Redis refuses', () => {
  let server: RedisServer;
  let admin: ReturnType<typeof createClient>;
  let user: ReturnType<typeof createClient>;
  let receiver: Receiver;
  let told: ReceiverEvent[];

  const ALL = ['+@all', '~*', '&*'];
  const permit = (...rules: string[]) => admin.aclSetUser('worker', ['reset', 'on', '>secret', ...rules]);
  const failures = () =>
    told.flatMap((event) => (event.type === 'recovery-error' ? [event.error.message] : []));

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = createClient({ url: server.url });
    await admin.connect();
  });
  afterAll(async () => {
    admin.destroy();
    await server.stop();
  });

  beforeEach(async () => {
    await admin.flushAll();
    await permit(...ALL);
    user = createClient({ url: server.url, username: 'worker', password: 'secret' });
    user.on('error', () => undefined);
    await user.connect();
    receiver = new Receiver(user);
    told = [];
    receiver.events.subscribe((event) => told.push(event));
  });
  afterEach(async () => {
    await receiver.stop();
    user.destroy();
  });

  const join = (options = {}) => {
    const received: string[] = [];
    const channel = receiver.stream('jobs', { group: 'workers', claimAfter: 60, field: 'n', ...options });
    channel.subscribe({ next: ({ data }) => received.push(data), error: () => undefined });
    return { channel, received };
  };
  const refusalOf = async (options?: object) => {
    const error = await join(options)
      .channel.whenSubscribed()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SubscribeError);
    expect((error as SubscribeError).cause).toBeInstanceOf(RecoveryError);
    return (error as SubscribeError).message;
  };

  it('tells about a key of another type', async () => {
    await admin.set('jobs', 'text');
    const message = await refusalOf();
    expect(message).toContain(
      'Could not use the stream "jobs": Redis refused for the group "workers": WRONGTYPE',
    );
    expect(message).toContain('Name the key of a stream.');
  });

  it.each([
    ['the command', [...ALL, '-xgroup']],
    ['the key', ['+@all', '~other', '&*']],
  ])('tells about a missing permission for %s', async (_, rules) => {
    await permit(...rules);
    const message = await refusalOf();
    expect(message).toContain('NOPERM');
    expect(message).toContain('Give the user +xreadgroup, +xack, +xpending, +xclaim, +xautoclaim');
    expect(message).toContain('the key (~jobs)');
  });

  it('subscribes again once the permission is there', async () => {
    await permit(...ALL, '-xgroup');
    await refusalOf();
    await permit(...ALL);
    const { channel, received } = join();
    await channel.whenSubscribed();
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1);
  });

  it.each([
    ['XREADGROUP', '-xreadgroup'],
    ['XPENDING of a named consumer', '-xpending'],
  ])('reports that it may not send %s, and goes on when it may', async (_, rule) => {
    await permit(...ALL, rule);
    const { channel, received } = join({ consumer: 'one' });
    await channel.whenSubscribed();
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => failures().length > 0);
    expect(failures()[0]).toContain('NOPERM');
    await permit(...ALL);
    await until(() => received.length === 1);
  });

  it('reports that it may not acknowledge, and does so when it may', async () => {
    await permit(...ALL, '-xack');
    const { channel, received } = join();
    await channel.whenSubscribed();
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1 && failures().length === 1);
    expect((await admin.xPending('jobs', 'workers')).pending).toBe(1);
    await permit(...ALL);
    await until(async () => (await admin.xPending('jobs', 'workers')).pending === 0);
    expect([received, failures().length]).toEqual([['1'], 1]);
  });

  it('reports that it may not claim, and reads on', async () => {
    await permit(...ALL, '-xautoclaim');
    const { channel, received } = join();
    await channel.whenSubscribed();
    await until(() => failures().length > 1);
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1);
  });

  it('reports a key that another type replaces, and heals', async () => {
    const { channel, received } = join();
    await channel.whenSubscribed();
    await admin.set('jobs', 'text');
    await until(() => failures().length > 0);
    expect(failures()[0]).toContain('WRONGTYPE');
    await admin.del('jobs');
    await admin.xAdd('jobs', '*', { n: '1' });
    await until(() => received.length === 1);
    expect(told.some(({ type }) => type === 'group-lost')).toBe(true);
  });
});
