import { Receiver, type Message, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';

describe('a Channel, iterated', () => {
  const setUp = (options: ReceiverOptions<string> = {}) => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, options);
    const told: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => told.push(event));
    const channel = receiver.channel('a');
    const publish = (...data: string[]) => data.forEach((text) => client.publish('a', text));
    return { channel, client, publish, receiver, told };
  };
  const dataOf = (result: IteratorResult<Message>) => (result.done ? '' : result.value.data);
  const types = (told: readonly ReceiverEvent[]) => told.map(({ type }) => type);

  it('subscribes at the first step, and unsubscribes at `break`', async () => {
    const { channel, client, publish } = setUp();
    const received: string[] = [];
    const waiting = channel[Symbol.asyncIterator]();
    expect(client.publish('a', '0')).toBe(0);
    const first = waiting.next();
    await channel.whenSubscribed();
    publish('1', '2', '3');
    received.push(dataOf(await first));
    for await (const { data } of waiting) {
      received.push(data);
      if (data === '3') break;
    }
    expect(received).toEqual(['1', '2', '3']);
    await until(() => client.publish('a', '4') === 0);
  });

  it('completes with the Channel, after the messages that wait', async () => {
    const { channel, publish, receiver } = setUp();
    const iterator = channel[Symbol.asyncIterator]();
    const first = iterator.next();
    await channel.whenSubscribed();
    publish('1', '2');
    await receiver.stop();
    await expect(first).resolves.toMatchObject({ value: { data: '1' } });
    await expect(iterator.next()).resolves.toMatchObject({ value: { data: '2' } });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
  });

  it('ends with an overflow of its queue, after the messages that wait, and can be iterated again', async () => {
    const { channel, publish, told } = setUp({ capacity: 2 });
    const iterator = channel[Symbol.asyncIterator]();
    const first = iterator.next();
    await channel.whenSubscribed();
    publish('1', '2', '3', '4', '5');
    await expect(first).resolves.toMatchObject({ value: { data: '1' } });
    await expect(iterator.next()).resolves.toMatchObject({ value: { data: '2' } });
    await expect(iterator.next()).resolves.toMatchObject({ value: { data: '3' } });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_BUFFER_OVERFLOW' });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
    expect(types(told)).toEqual(['subscribed', 'overflow', 'gap']);
    expect(told).toContainEqual({
      type: 'gap',
      gap: expect.objectContaining({ cause: 'overflow', dropped: 1, channels: [channel] }),
    });

    const again = channel[Symbol.asyncIterator]().next();
    await channel.whenSubscribed();
    publish('6');
    // The loss ended the iteration before message 5, which waits for the next observer of this turn.
    await expect(again).resolves.toMatchObject({ value: { data: '5' } });
  });

  it('reports what a full queue drops: once when it begins, and the number when there is room', async () => {
    const { channel, publish, told } = setUp({ capacity: 3, overflow: 'drop-oldest' });
    const iterator = channel[Symbol.asyncIterator]();
    const first = iterator.next();
    await channel.whenSubscribed();
    publish('1', '2', '3', '4', '5', '6');
    await first;
    const losses = () => types(told).filter((type) => type === 'overflow' || type === 'gap');
    expect(losses()).toEqual(['overflow']);
    await expect(iterator.next()).resolves.toMatchObject({ value: { data: '4' } });
    expect(losses()).toEqual(['overflow']);
    await expect(iterator.next()).resolves.toMatchObject({ value: { data: '5' } });
    expect(losses()).toEqual(['overflow', 'gap']);
    expect(told).toContainEqual({ type: 'gap', gap: expect.objectContaining({ dropped: 2 }) });
    await iterator.return?.();
    expect(losses()).toEqual(['overflow', 'gap']);
  });

  it('shares the Channel: each iterator and each observer gets every message', async () => {
    const { channel, publish, receiver } = setUp();
    const iterators = [channel[Symbol.asyncIterator](), channel[Symbol.asyncIterator]()];
    const firsts = iterators.map((iterator) => iterator.next());
    const observed: string[] = [];
    channel.subscribe(({ data }) => observed.push(data));
    await channel.whenSubscribed();
    publish('1');
    const received = await Promise.all(firsts);
    expect(received.map(dataOf)).toEqual(['1', '1']);
    expect(observed).toEqual(['1']);
    await receiver.stop();
  });
});
