import { TestScheduler } from 'rxjs/testing';
import { whenReplied } from '../../lib/log/log-client.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const entry = (id: string) => ({ id, message: { f: id } });
const reply = (...ids: string[]) => [{ name: 'k', messages: ids.map(entry) }];

function add(redis: MemoryPubSub, ...ids: string[]): void {
  for (const id of ids) redis.xAdd('k', id, { f: id });
}

describe('XREAD of MemoryPubSub', () => {
  it('replies at once with the entries behind an id, or null', () => {
    const redis = new MemoryPubSub();
    expect(redis.xRead({ key: 'k', id: '0' })).toBeNull();
    add(redis, '1-0', '2-0', '3-0');
    expect(redis.xRead([{ key: 'k', id: '1-0' }], { COUNT: 1 })).toEqual(reply('2-0'));
    expect(redis.xRead({ key: 'k', id: '$' })).toBeNull();
  });

  it('blocks until an entry is added, and commands of the same client wait behind it', async () => {
    const redis = new MemoryPubSub();
    const order: string[] = [];
    const read = Promise.resolve(redis.xRead({ key: 'k', id: '$' }, { BLOCK: 0 })).then((value) => {
      order.push('read');
      return value;
    });
    const range = Promise.resolve(redis.xRange('k', '-', '+')).then((value) => {
      order.push('range');
      return value;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    add(redis, '1-0');
    expect(await read).toEqual(reply('1-0'));
    expect(await range).toEqual([entry('1-0')]);
    expect(order).toEqual(['read', 'range']);
  });

  it.each(['disconnect', 'destroy'] as const)(
    '%s rejects a blocked read, which never replies',
    async (end) => {
      const redis = new MemoryPubSub();
      const reader = redis.duplicate();
      const read = reader.xRead({ key: 'k', id: '$' }, { BLOCK: 0 });
      reader[end]();
      add(redis, '1-0');
      await expect(Promise.resolve(read)).rejects.toThrow(/Socket closed|Disconnects/);
    },
  );

  it('times out in virtual time, which ends although the reader reads again and again', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    const replies: unknown[] = [];
    const fail = (error: unknown) => replies.push(error);
    scheduler.run(({ flush }) => {
      const redis = new MemoryPubSub();
      const next = () =>
        whenReplied(
          () => redis.xRead({ key: 'k', id: '$' }, { BLOCK: 5 }),
          (value) => {
            replies.push([scheduler.now(), value]);
            next();
          },
          fail,
        );
      next();
      scheduler.schedule(() => add(redis, '1-0'), 20);
      flush();
    });
    expect(replies).toEqual([
      [5, null],
      [20, reply('1-0')],
      [25, null],
    ]);
  });
});

describe('XREADGROUP of MemoryPubSub', () => {
  const blocked = () => {
    const redis = new MemoryPubSub();
    void redis.xGroupCreate('k', 'g', '$', { MKSTREAM: true });
    const read = (consumer: string) =>
      Promise.resolve(redis.duplicate().xReadGroup('g', consumer, { key: 'k', id: '>' }, { BLOCK: 0 }));
    return { redis, read };
  };

  it('gives an entry to the consumer that has waited longest', async () => {
    const { redis, read } = blocked();
    const [first, second] = [read('a'), read('b')];
    add(redis, '1-0', '2-0');
    expect(await first).toEqual(reply('1-0'));
    expect(await second).toEqual(reply('2-0'));
  });

  it('delivers nothing to a consumer whose connection was lost while it waited', async () => {
    const { redis } = blocked();
    const other = redis.duplicate();
    const read = Promise.resolve(other.xReadGroup('g', 'a', { key: 'k', id: '>' }, { BLOCK: 0 }));
    other.disconnect();
    await expect(read).rejects.toThrow('Socket closed');
    add(redis, '1-0');
    expect(redis.xPending('k', 'g')).toMatchObject({ pending: 0 });
  });

  it.each([
    ['del', 'UNBLOCKED the stream key no longer exists'],
    ['set', 'UNBLOCKED the stream key no longer exists'],
    ['xGroupDestroy', 'NOGROUP the consumer group this client was blocked on no longer exists'],
  ] as const)('ends with the error of Redis 7.0 after %s', async (command, message) => {
    const { redis, read } = blocked();
    const reading = read('a');
    if (command === 'xGroupDestroy') void redis.xGroupDestroy('k', 'g');
    else if (command === 'set') redis.set('k', 'x');
    else redis.del('k');
    await expect(reading).rejects.toThrow(message);
  });

  it('refuses forbidden keys', () => {
    const { redis } = blocked();
    redis.forbiddenKeys.add('k');
    expect(() => redis.xReadGroup('g', 'a', { key: 'k', id: '>' })).toThrow('NOPERM');
    expect(() => redis.xAck('k', 'g', '1-0')).toThrow('NOPERM');
  });
});
