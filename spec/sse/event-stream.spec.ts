import { setImmediate as immediate } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { json, Receiver, recoverable, toEventStream, topics, type Message } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';

const decoder = new TextDecoder();

/** Reads a stream piece by piece. */
function readerOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? 'the end' : decoder.decode(value);
    },
    cancel: () => reader.cancel(),
  };
}

describe('toEventStream', () => {
  let redis: MemoryPubSub;
  let receiver: Receiver;

  beforeEach(() => {
    redis = new MemoryPubSub();
    receiver = new Receiver(redis);
  });

  afterEach(() => receiver.stop());

  /** Returns the event of one message of a source. */
  async function eventOf(data: string, options?: Parameters<typeof toEventStream<string>>[1]) {
    const news = receiver.channel('news');
    const reader = readerOf(toEventStream(news, options));
    await reader.next();
    const event = reader.next();
    await news.whenSubscribed();
    redis.publish('news', data);
    const text = await event;
    await reader.cancel();
    return text;
  }

  it('subscribes when it is read, and unsubscribes when the browser leaves', async () => {
    const reader = readerOf(toEventStream(receiver.channel('news')));
    expect(redis.subscriptions('channel')).toEqual([]);
    expect(await reader.next()).toBe('retry: 1000\n\n');
    const event = reader.next();
    await until(() => redis.subscriptions('channel').length === 1);
    redis.publish('news', 'hello');
    expect(await event).toBe('data: hello\n\n');
    await reader.cancel();
    await until(() => redis.subscriptions('channel').length === 0);
  });

  it.each([
    ['one\ntwo', 'data: one\ndata: two\n\n'],
    ['one\r\ntwo\rthree', 'data: one\ndata: two\ndata: three\n\n'],
    ['\n', 'data: \ndata: \n\n'],
    ['', 'data: \n\n'],
    [' padded', 'data:  padded\n\n'],
    ['id: 1\n\nevent: x', 'data: id: 1\ndata: \ndata: event: x\n\n'],
  ])('sends %j so that it arrives as it is', async (data, text) => {
    expect(await eventOf(data)).toBe(text);
  });

  it('names the events, without line breaks, and formats the data', async () => {
    const options = {
      event: ({ channel }: Message) => `${channel}\nid: 7`,
      data: ({ data }: Message) => data.toUpperCase(),
    };
    expect(await eventOf('hi', options)).toBe('event: news id: 7\ndata: HI\n\n');
  });

  it('resumes a stream behind the last event of the browser', async () => {
    const orders = receiver.stream('orders', { field: 'n' });
    const ids = ['a', 'b', 'c'].map((n) => redis.xAdd('orders', '*', { n }));
    const reader = readerOf(toEventStream(orders, { lastEventId: ids[0] }));
    let text = '';
    while (!text.includes('data: c\n\n')) text += await reader.next();
    redis.xAdd('orders', '*', { n: 'd' });
    while (!text.includes('data: d\n\n')) text += await reader.next();
    expect(text.match(/data: ./g)).toEqual(['data: b', 'data: c', 'data: d']);
    expect(text).toContain(`id: ${ids[2]}\n`);
    await reader.cancel();
  });

  it('sends decoded values as JSON', async () => {
    const orders = new Receiver(redis, { codec: json<{ id: number }>() }).channel('orders');
    const reader = readerOf(toEventStream(orders));
    await reader.next();
    const event = reader.next();
    await orders.whenSubscribed();
    redis.publish('orders', '{ "id": 1 }');
    expect(await event).toBe('data: {"id":1}\n\n');
    redis.publish('orders', 'no JSON');
    redis.publish('orders', '{ "id": 2 }');
    expect(await reader.next()).toBe('event: gap\ndata: {"dropped":1}\n\n');
    expect(await reader.next()).toBe('data: {"id":2}\n\n');
    await reader.cancel();
  });

  it('stays subscribed behind an error while the browser does not read', async () => {
    const orders = new Receiver(redis, { codec: json<number>() }).channel('orders');
    const reader = readerOf(toEventStream(orders));
    await reader.next();
    const gap = reader.next();
    await orders.whenSubscribed();
    redis.publish('orders', '{');
    expect(await gap).toBe('event: gap\ndata: {"dropped":1}\n\n');
    await immediate();
    expect(redis.publish('orders', '1')).toBe(1);
    expect(await reader.next()).toBe('data: 1\n\n');
    await reader.cancel();
  });

  it('keeps losses in their places, and counts those that have no room themselves', async () => {
    const orders = new Receiver(redis, { codec: json<number>() }).channel('orders');
    const reader = readerOf(toEventStream(orders, { capacity: 3 }));
    await reader.next();
    const first = reader.next();
    await orders.whenSubscribed();
    for (const data of ['1', '2', '{', '3', '4', '5']) redis.publish('orders', data);
    const seen = [await first];
    while (seen.length < 5) seen.push(await reader.next());
    expect(seen.map((text) => /data: (.*)/.exec(text)?.[1])).toEqual(['1', '{"dropped":2}', '3', '4', '5']);
    await reader.cancel();
  });

  it('has no ids of a source that it cannot resume', async () => {
    receiver.channel('news', { recover: {} });
    const reader = readerOf(toEventStream(receiver));
    await reader.next();
    const event = reader.next();
    await receiver.channel('news').whenSubscribed();
    await recoverable(redis).publish('news', 'hello');
    expect(await event).toBe('data: hello\n\n');
    await reader.cancel();
  });

  it("fails when the queue is full with overflow: 'error', so that the browser connects again", async () => {
    const source = new Subject<Message>();
    const reader = readerOf(toEventStream(source, { capacity: 1, overflow: 'error' }));
    await reader.next();
    const first = reader.next();
    for (const data of ['1', '2', '3']) source.next({ data } as Message);
    expect([await first, await reader.next()]).toEqual([
      'data: 1\n\n',
      'event: gap\ndata: {"dropped":1}\n\n',
    ]);
    expect(await reader.next()).toBe('data: 2\n\n');
    await expect(reader.next()).rejects.toThrow(/buffer was full/);
  });

  it('drops the oldest messages of a slow browser, and says how many', async () => {
    const news = receiver.channel('news');
    const reader = readerOf(toEventStream(news, { capacity: 2 }));
    await reader.next();
    const first = reader.next();
    await news.whenSubscribed();
    for (const data of ['1', '2', '3', '4', '5']) redis.publish('news', data);
    expect(await first).toBe('data: 1\n\n');
    expect(await reader.next()).toBe('event: gap\ndata: {"dropped":2}\n\n');
    expect(await reader.next()).toBe('data: 4\n\n');
    expect(await reader.next()).toBe('data: 5\n\n');
    await reader.cancel();
  });

  it('ends with the Receiver, behind what waits', async () => {
    const news = receiver.channel('news');
    const reader = readerOf(toEventStream(news));
    await reader.next();
    const first = reader.next();
    await news.whenSubscribed();
    redis.publish('news', '1');
    await receiver.stop();
    expect(await first).toBe('data: 1\n\n');
    expect(await reader.next()).toBe('the end');
  });

  it('ends when the signal aborts, also while nothing comes', async () => {
    const end = new AbortController();
    const reader = readerOf(toEventStream(receiver.channel('news'), { signal: end.signal }));
    await reader.next();
    const next = reader.next();
    await until(() => redis.subscriptions('channel').length === 1);
    end.abort();
    expect(await next).toBe('the end');
    await until(() => redis.subscriptions('channel').length === 0);
    const late = readerOf(toEventStream(receiver.channel('news'), { signal: end.signal }));
    await late.next();
    expect(await late.next()).toBe('the end');
  });

  it('fails with its source', async () => {
    const source = new Subject<Message>();
    const reader = readerOf(toEventStream(source));
    await reader.next();
    const next = reader.next();
    await until(() => source.observed);
    source.error(new Error('broken'));
    await expect(next).rejects.toThrow('broken');
  });

  it('sends the messages of a whole Receiver', async () => {
    const reader = readerOf(toEventStream(receiver, { event: ({ channel }) => channel }));
    receiver.channel('a');
    receiver.channel('b');
    await reader.next();
    const event = reader.next();
    await until(() => redis.subscriptions('channel').length === 2);
    redis.publish('b', '1');
    expect(await event).toBe('event: b\ndata: 1\n\n');
    await reader.cancel();
  });

  it('has the headers of Server-Sent Events as a Web response', async () => {
    const stream = toEventStream(receiver.channel('news'));
    const response = stream.toResponse({ headers: { 'x-mine': 'yes', 'content-type': 'text/plain' } });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-mine': 'yes',
    });
    await response.body?.cancel();
  });

  describe('of a recoverable Channel', () => {
    const append = (...list: number[]) => {
      for (const number of list) redis.xAdd('log:{news}', `5-${number}`, { d: String(number), n: 'nonce' });
    };
    const open = (lastEventId?: string | null, options = {}) =>
      readerOf(toEventStream(receiver.channel('news', { recover: {} }), { lastEventId, ...options }));

    it('tells a new browser where to resume', async () => {
      append(1);
      const reader = open();
      await reader.next();
      expect(await reader.next()).toBe('id: 5-1\n\n');
      await reader.cancel();
      expect(redis.subscriptions('channel')).toEqual([]);
    });

    it('tells the place before a log that does not exist, and later what this log has lost', async () => {
      const reader = open(null);
      await reader.next();
      expect(await reader.next()).toBe('id: 0-0\n\n');
      await reader.cancel();
      append(1, 2, 3);
      redis.xTrim('log:{news}', 'MAXLEN', 1);
      const again = open('0-0');
      await again.next();
      expect(await again.next()).toBe('event: gap\ndata: {"dropped":2}\n\n');
      expect(await again.next()).toBe('id: 5-3\ndata: 3\n\n');
      await again.cancel();
    });

    it('resumes behind the last event', async () => {
      append(1, 2, 3);
      const reader = open('5-1');
      await reader.next();
      expect(await reader.next()).toBe('id: 5-2\ndata: 2\n\n');
      expect(await reader.next()).toBe('id: 5-3\ndata: 3\n\n');
      await reader.cancel();
    });

    it('tells what the log has lost', async () => {
      append(1, 2, 3, 4);
      redis.xTrim('log:{news}', 'MAXLEN', 1);
      const reader = open('5-1');
      await reader.next();
      expect(await reader.next()).toBe('event: gap\ndata: {"dropped":2}\n\n');
      expect(await reader.next()).toBe('id: 5-4\ndata: 4\n\n');
      await reader.cancel();
    });

    it.each(['7-1', 'start', 'nonsense', '5-1\ndata: x'])(
      'begins anew after the unknown id %j',
      async (id) => {
        append(1);
        const reader = open(id);
        await reader.next();
        expect(await reader.next()).toBe('event: gap\ndata: {}\n\n');
        // The page loads its state now.
        expect(redis.subscriptions('channel')).toEqual(['news']);
        expect(await reader.next()).toBe('id: 5-1\n\n');
        await reader.cancel();
      },
    );

    it('fails if the log is refused', async () => {
      redis.forbiddenKeys.add('log:{news}');
      const reader = open();
      await reader.next();
      await expect(reader.next()).rejects.toThrow(/NOPERM/);
      expect(redis.subscriptions('channel')).toEqual([]);
    });

    it('sends a slow browser everything, though only few messages have room', async () => {
      const news = receiver.channel('news', { recover: {} });
      const reader = readerOf(toEventStream(news, { capacity: 3 }));
      await reader.next();
      await reader.next();
      const publisher = recoverable(redis);
      const first = reader.next();
      for (let number = 1; number <= 200; number++) await publisher.publish('news', String(number));
      const seen = [await first];
      while (seen.length < 200) seen.push(await reader.next());
      const numbers = seen.map((text) => /^id: \d+-(\d+)\ndata: (\d+)\n\n$/.exec(text)?.slice(1).map(Number));
      expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => [index + 1, index + 1]));
      await reader.cancel();
    });

    it('ends with the Receiver of the Channel', async () => {
      const reader = open();
      await reader.next();
      await reader.next();
      const next = reader.next();
      await receiver.stop();
      expect(await next).toBe('the end');
      expect(redis.subscriptions('channel')).toEqual([]);
    });

    it('resumes the Channel of a topic with its codec', async () => {
      const typed = new Receiver(redis, {
        topics: topics({ orders: { data: json<{ id: number }>(), recover: {} } }),
      });
      redis.xAdd('log:{orders}', '5-1', { d: '{"id": 1}', n: 'once' });
      const reader = readerOf(toEventStream(typed.topic('orders'), { lastEventId: '0-0' }));
      await reader.next();
      expect(await reader.next()).toBe('id: 5-1\ndata: {"id":1}\n\n');
      await reader.cancel();
      await typed.stop();
    });
  });

  it.each([
    [
      'source',
      () => toEventStream('news' as never),
      /the source to be an Observable of messages, got "news"/,
    ],
    ['heartbeat', () => toEventStream(receiver, { heartbeat: -1 }), /'heartbeat'.*0 to 2147483647, got -1/],
    ['retry', () => toEventStream(receiver, { retry: 0.5 }), /'retry'.*got 0.5/],
    ['event', () => toEventStream(receiver, { event: 'x' as never }), /'event' to be a function, got "x"/],
    ['capacity', () => toEventStream(receiver, { capacity: 0 }), /'capacity'/],
    [
      'an unknown option',
      () => toEventStream(receiver, { lastEventID: '1' } as never),
      /Did you mean 'lastEventId'/,
    ],
  ])('refuses a bad %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
