import { numbers, GroupScene } from './group-scene.js';
import { recountsGroups } from '../support/recounts-groups.js';
import { until } from '../support/until.js';

const scene = new GroupScene();
const { newReceiver, join, add } = scene;

/** The numbers of lost entries in the gaps so far; undefined where a gap has none. */
const gaps = () =>
  scene.told.flatMap((event) => (event.type === 'gap' ? [[event.gap.cause, event.gap.dropped]] : []));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Adds entries one by one, each of which trims the stream. */
const addKeeping = async (threshold: number, added: readonly number[]) => {
  const options = { TRIM: { strategy: 'MAXLEN', threshold } } as const;
  for (const n of added) await scene.admin.xAdd(scene.key, '*', { n: String(n) }, options);
};

describe('what a group loses before any consumer has received it', () => {
  it('is told by a consumer that is slower than the producer, in front of the next entry', async () => {
    const { channel, received } = await join(await newReceiver(), { ack: 'manual', prefetch: 1 });
    const seen: unknown[] = [];
    channel.subscribe(({ data }) => seen.push(Number(data.n), ...gaps().splice(0)));
    await add(1);
    await until(() => received.length === 1);
    await addKeeping(3, range(2, 10));
    received[0]?.ack();
    await until(() => received.length === 2);
    expect(gaps()).toEqual([['log', 6]]);
    expect(seen).toEqual([1, 8, ['log', 6]]);
    await addKeeping(1, range(11, 13));
    received[1]?.ack();
    await until(() => received.length === 3);
    expect([numbers(received), gaps()]).toEqual([
      [1, 8, 13],
      [
        ['log', 6],
        ['log', 4],
      ],
    ]);
  });

  it('is told once by all Receivers of a group', async () => {
    const consumers = await Promise.all(
      [1, 2, 3].map(async () => join(await newReceiver(), { ack: 'manual', prefetch: 1 })),
    );
    const all = () => consumers.flatMap(({ received }) => received);
    await add(1, 2, 3);
    await until(() => all().length === 3);
    await add(...range(4, 20));
    await scene.admin.xTrim(scene.key, 'MAXLEN', 5);
    for (const { ack } of all()) ack();
    await until(() => all().length === 6);
    for (const { ack } of all()) ack();
    await until(() => all().length === 8);
    expect(gaps()).toEqual([['log', 12]]);
  });

  it('is told after a connection was lost', async () => {
    const { received } = await join(await newReceiver());
    await add(1);
    await until(() => received.length === 1);
    // In one step with the end of the connections, so that no consumer reads between.
    await scene.admin
      .multi()
      .addCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
      .xAdd(scene.key, '*', { n: '2' })
      .xAdd(scene.key, '*', { n: '3' })
      .xAdd(scene.key, '*', { n: '4' })
      .xTrim(scene.key, 'MAXLEN', 1)
      .exec();
    await until(() => received.length === 2);
    expect([numbers(received), gaps().filter(([cause]) => cause === 'log')]).toEqual([[1, 4], [['log', 2]]]);
  });

  it('is told where a transaction adds more than the stream keeps, while a consumer waits', async () => {
    const { received } = await join(await newReceiver());
    await add(1);
    await until(() => received.length === 1);
    await scene.admin
      .multi()
      .xAdd(scene.key, '*', { n: '2' })
      .xAdd(scene.key, '*', { n: '3' })
      .xTrim(scene.key, 'MAXLEN', 1)
      .exec();
    await until(() => received.length === 2);
    if (await recountsGroups(scene.admin)) return;
    await until(() => gaps().length > 0);
    expect([numbers(received), gaps()]).toEqual([[1, 3], [['log', 1]]]);
  });

  it('includes entries that are deleted one by one', async () => {
    const { received } = await join(await newReceiver(), { ack: 'manual', prefetch: 1 });
    await add(1);
    await until(() => received.length === 1);
    await add(...range(2, 6));
    const waiting = (await scene.admin.xRange(scene.key, '-', '+')) ?? [];
    await scene.admin.xDel(
      scene.key,
      [2, 4].map((index) => waiting[index]?.id ?? ''),
    );
    for (let count = 1; count < 4; count++) {
      await until(() => received.length === count);
      received[count - 1]?.ack();
    }
    await until(() => received.length === 4);
    expect([numbers(received), gaps()]).toEqual([[1, 2, 4, 6], [['log', 2]]]);
  });

  it('does not include what was removed before the group began', async () => {
    await add(...range(1, 10));
    await scene.admin.xTrim(scene.key, 'MAXLEN', 4);
    const { received } = await join(await newReceiver(), { ack: 'manual', prefetch: 1 });
    await until(() => received.length === 1);
    await scene.admin.xTrim(scene.key, 'MAXLEN', 1);
    received[0]?.ack();
    await until(() => received.length === 2);
    expect([numbers(received), gaps()]).toEqual([[7, 10], [['log', 2]]]);
  });

  it('has no number where the group began behind an id whose place is unknown', async () => {
    await add(...range(1, 10));
    const third = (await scene.admin.xRange(scene.key, '-', '+'))?.[2]?.id ?? '';
    await scene.admin.xTrim(scene.key, 'MAXLEN', 4);
    const { received } = await join(await newReceiver(), { from: third });
    await until(() => received.length === 4);
    expect(gaps()).toEqual([['log', undefined]]);
  });

  it('is not told for entries that were handled, and deleted then', async () => {
    const { channel, received } = await join(await newReceiver());
    channel.subscribe(({ id }) => void scene.admin.xDel(scene.key, id));
    await add(...range(1, 50));
    await until(() => received.length === 50);
    await until(async () => (await scene.admin.xLen(scene.key)) === 0);
    await add(51);
    await until(() => received.length === 51);
    expect(gaps()).toEqual([]);
  });

  it('is told only as a missing permission to a user that may not run scripts', async () => {
    await scene.admin.sendCommand(['ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '+@all', '-@scripting']);
    const receiver = await newReceiver({}, scene.server.url.replace('redis://', 'redis://plain:secret@'));
    const { received } = await join(receiver);
    await add(1);
    await until(() => received.length === 1);
    await add(2);
    await until(() => received.length === 2);
    const errors = scene.told.flatMap((event) => (event.type === 'recovery-error' ? [event.error] : []));
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/NOPERM.*\+eval/) as string }),
    ]);
  });
});
