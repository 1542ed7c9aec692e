import { z } from 'zod';
import { bytes, json, Receiver, text, topics, type Message, type ReceiverEvent } from '../../lib/index.js';
import { until } from '../support/until.js';
import type { EnvironmentClient, EnvironmentKind, RedisEnvironment } from './environment.js';

const Order = z.object({ total: z.number() });

const events = topics({
  news: text,
  'order:{id}:{event}': { data: Order, params: { id: z.coerce.number() } },
  'jobs:{region}': { data: json<{ run: string }>(), kind: 'shard' },
  alarm: { data: bytes, kind: 'shard' },
});

/** What a Receiver with topics promises on every kind of client. */
export function topicsContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let receiver: Receiver<string, (typeof events)['declarations']>;
  let told: ReceiverEvent[];

  beforeEach(async () => {
    client = await environment().client();
    receiver = new Receiver(client, { topics: events });
    told = [];
    receiver.events.subscribe((event) => told.push(event));
  });

  afterEach(() => receiver.stop());

  const shown = ({
    topic,
    params,
    channel,
    data,
  }: NonNullable<Awaited<ReturnType<typeof receiver.get>>>) => ({
    topic,
    params,
    channel,
    data,
  });
  const unmatched = () => told.filter((event) => event.type === 'unmatched');

  it('registers every topic that has a name or a pattern', () => {
    expect([...receiver.channels.keys()]).toEqual(['news']);
    expect([...receiver.patterns.keys()]).toEqual(['order:*:*']);
    expect([...receiver.shards.keys()]).toEqual(['alarm']);
    expect(receiver.topic('news')).toBe(receiver.channels.get('news'));
    expect(receiver.topic('order:{id}:{event}')).toBe(receiver.patterns.get('order:*:*'));
    expect(receiver.patterns.has('order:*')).toBe(false);
  });

  it('merges the messages of all topics, with their topic, parameters and decoded data', async () => {
    const publisher = events.publisher({
      publish: (channel, data) => environment().publish(channel, data),
      sPublish: (channel, data) => environment().sPublish(channel, data),
    });
    receiver.topic('jobs:{region}', { region: 'e:u' });
    await receiver.connect();
    await publisher.publish('news', 'hello');
    await publisher.publish('order:{id}:{event}', { id: 7, event: 'paid' }, { total: 3 });
    await publisher.publish('jobs:{region}', { region: 'e:u' }, { run: 'x' });
    await publisher.publish('alarm', Buffer.of(0xff));
    await until(() => receiver.stats.buffered === 4);
    const messages = [];
    for (let i = 0; i < 4; i++) messages.push(shown((await receiver.get())!));
    const expected = [
      { topic: 'news', params: {}, channel: 'news', data: 'hello' },
      {
        topic: 'order:{id}:{event}',
        params: { id: 7, event: 'paid' },
        channel: 'order:7:paid',
        data: { total: 3 },
      },
      { topic: 'jobs:{region}', params: { region: 'e:u' }, channel: 'jobs:e%3Au', data: { run: 'x' } },
      { topic: 'alarm', params: {}, channel: 'alarm', data: Buffer.of(0xff) },
    ];
    if (abilities.oneOrder) expect(messages).toEqual(expected);
    else for (const message of expected) expect(messages).toContainEqual(message);
  });

  it('leaves out, counts and reports what the glob lets through and the template does not', async () => {
    await receiver.connect();
    await environment().publish('order:7:paid:twice', '{}');
    await environment().publish('order:seven:paid', '{}');
    await environment().publish('order:7:paid', '{"total":1}');
    await until(() => receiver.stats.buffered === 1);
    expect(receiver.stats).toMatchObject({ received: 1, unmatched: 2 });
    expect(unmatched()).toEqual([
      {
        type: 'unmatched',
        source: receiver.topic('order:{id}:{event}'),
        channel: 'order:7:paid:twice',
        data: '{}',
      },
      {
        type: 'unmatched',
        source: receiver.topic('order:{id}:{event}'),
        channel: 'order:seven:paid',
        data: '{}',
      },
    ]);
    await expect(receiver.get()).resolves.toMatchObject({ params: { id: 7, event: 'paid' } });
  });

  it('observes one topic, or the part of it that some parameters leave', async () => {
    const received: string[] = [];
    const note = (by: string) => (message: Message<unknown> & { readonly params: object }) =>
      void received.push(`${by} ${message.channel} ${JSON.stringify(message.params)}`);
    receiver.topic('order:{id}:{event}').subscribe(note('all'));
    receiver.topic('order:{id}:{event}', { id: 7 }).subscribe(note('7'));
    const one = receiver.topic('order:{id}:{event}', { id: 7, event: 'paid' });
    one.subscribe(note('one'));
    expect([one.kind, one.name]).toEqual(['channel', 'order:7:paid']);
    await Promise.all([...receiver.patterns.values(), one].map((channel) => channel.whenSubscribed()));
    await environment().publish('order:7:paid', '{"total":1}');
    await environment().publish('order:7:sent', '{"total":1}');
    await environment().publish('order:8:paid', '{"total":1}');
    await until(() => received.length === 6);
    expect(received.sort()).toEqual([
      '7 order:7:paid {"id":7,"event":"paid"}',
      '7 order:7:sent {"id":7,"event":"sent"}',
      'all order:7:paid {"id":7,"event":"paid"}',
      'all order:7:sent {"id":7,"event":"sent"}',
      'all order:8:paid {"id":8,"event":"paid"}',
      'one order:7:paid {"id":7,"event":"paid"}',
    ]);
    expect(receiver.stats.unmatched).toBe(0);
  });

  it('gives a message to each of two topics that match it, even through the same glob', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    const mixed = topics({ 'a:{x}': text, 'a:{y}': json(), 'a:1': bytes });
    warn.mockRestore();
    const both = new Receiver(client, { topics: mixed });
    expect([...both.patterns.keys()]).toEqual(['a:*', 'a:*']);
    await both.connect();
    await environment().publish('a:1', '2');
    await until(() => both.stats.buffered === 3);
    const received = [await both.get(), await both.get(), await both.get()];
    const topicsOf = received.map((message) => [message?.topic, message?.params, message?.data]);
    expect(topicsOf).toContainEqual(['a:{x}', { x: '1' }, '2']);
    expect(topicsOf).toContainEqual(['a:{y}', { y: '1' }, 2]);
    expect(topicsOf).toContainEqual(['a:1', {}, Buffer.from('2')]);
    await both.topic('a:{x}').close();
    expect(both.patterns.get('a:*')).toBe(both.topic('a:{y}'));
    await both.stop();
  });

  it('reports data that the schema of the topic refuses at its place', async () => {
    await receiver.connect();
    await environment().publish('order:7:paid', '{"total":"x"}');
    await environment().publish('order:8:paid', '{"total":1}');
    await until(() => receiver.stats.buffered === 2);
    await expect(receiver.get()).rejects.toMatchObject({
      code: 'ERR_DECODE',
      raw: { topic: 'order:{id}:{event}', params: { id: 7, event: 'paid' }, data: '{"total":"x"}' },
      cause: { code: 'ERR_VALIDATION' },
    });
    await expect(receiver.get()).resolves.toMatchObject({ params: { id: 8 } });
  });

  it('iterates a Channel, beside other observers', async () => {
    const orders = receiver.topic('order:{id}:{event}');
    const observed: unknown[] = [];
    const subscription = orders.subscribe(({ params }) => observed.push(params.id));
    const iterator = orders[Symbol.asyncIterator]();
    const first = iterator.next();
    await orders.whenSubscribed();
    for (const id of [1, 2, 3]) await environment().publish(`order:${id}:paid`, '{"total":1}');
    await expect(first).resolves.toMatchObject({ value: { params: { id: 1 } } });
    await until(() => observed.length === 3);
    await expect(iterator.next()).resolves.toMatchObject({ value: { params: { id: 2 } } });
    await iterator.return?.();
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
    expect(observed).toEqual([1, 2, 3]);
    subscription.unsubscribe();
    await until(async () => (await environment().subscribers('pattern', 'order:*:*')) === 0);
  });
}
