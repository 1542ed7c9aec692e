import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as openHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { NEVER, Subject } from 'rxjs';
import { Receiver, recoverable, toEventStream, type EventStream, type Message } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';
import { RawBrowser } from './raw-browser.js';

describe('EventStream.pipe', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => EventStream;
  let outcome: Promise<string>;

  beforeEach(async () => {
    server = createServer((request, response) => {
      outcome = answer(request, response)
        .pipe(response)
        .then(() => 'ended', String);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const connect = async () => {
    const browser = new RawBrowser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { browser, response: await browser.connect() };
  };

  it('sends the headers at once, and the pause before the next connection', async () => {
    answer = () => toEventStream(NEVER, { retry: 250 });
    const { browser, response } = await connect();
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(browser.retry).toBe(250);
    browser.disconnect();
    expect(await outcome).toBe('ended');
  });

  it('sends comments while nothing comes', async () => {
    const source = new Subject<Message>();
    answer = () => toEventStream(source, { heartbeat: 1 });
    const { browser } = await connect();
    const event = browser.next();
    await until(() => browser.comments >= 3);
    source.next({ data: 'hello' } as Message);
    expect(await event).toEqual({ type: 'message', data: 'hello' });
    browser.disconnect();
  });

  it('sends no comments with a heartbeat of 0', async () => {
    const source = new Subject<Message>();
    const schedule = jest.spyOn(global, 'setInterval');
    answer = () => toEventStream(source, { heartbeat: 0 });
    const { browser } = await connect();
    const event = browser.next();
    await until(() => source.observed);
    expect(schedule).not.toHaveBeenCalled();
    schedule.mockRestore();
    source.next({ data: 'hello' } as Message);
    await event;
    browser.disconnect();
  });

  it('unsubscribes when the browser leaves', async () => {
    const redis = new MemoryPubSub();
    const receiver = new Receiver(redis);
    answer = () => toEventStream(receiver.channel('news'));
    const { browser } = await connect();
    await until(() => redis.subscriptions('channel').length === 1);
    browser.disconnect();
    expect(await outcome).toBe('ended');
    await until(() => redis.subscriptions('channel').length === 0);
  });

  it('ends the response with its source', async () => {
    const source = new Subject<Message>();
    answer = () => toEventStream(source);
    const { browser } = await connect();
    const end = browser.next();
    await until(() => source.observed);
    source.complete();
    expect(await end).toBeUndefined();
    expect(await outcome).toBe('ended');
  });

  it('destroys the response when its source fails, and rejects', async () => {
    const source = new Subject<Message>();
    answer = () => toEventStream(source);
    const { browser } = await connect();
    const end = browser.next();
    await until(() => source.observed);
    source.error(new Error('broken'));
    await expect(end).rejects.toThrow();
    expect(await outcome).toBe('Error: broken');
  });

  it('keeps headers that were sent before', async () => {
    answer = (_, response) => {
      response.writeHead(201, { 'x-mine': 'yes' });
      return toEventStream(NEVER);
    };
    const { browser, response } = await connect();
    expect(response.statusCode).toBe(201);
    expect(response.headers).not.toHaveProperty('x-accel-buffering');
    browser.disconnect();
  });

  it('subscribes nothing for a browser that has left already', async () => {
    const source = new Subject<Message>();
    answer = (_, response) => {
      response.destroy();
      return toEventStream(source);
    };
    await expect(connect()).rejects.toThrow();
    expect(await outcome).toBe('ended');
    expect(source.observed).toBe(false);
  });

  it('ends quietly when other code has ended the response', async () => {
    const source = new Subject<Message>();
    answer = (_, response) => {
      response.once('finish', () => source.next({ data: 'late' } as Message));
      setImmediate(() => response.end());
      return toEventStream(source);
    };
    const { browser } = await connect();
    expect(await browser.next()).toBeUndefined();
    expect(await outcome).toBe('ended');
    expect(source.observed).toBe(false);
  });

  it('sends a response of HTTP/2, and unsubscribes when the browser leaves', async () => {
    const source = new Subject<Message>();
    const http2 = createHttp2Server((_, response) => {
      outcome = toEventStream(source)
        .pipe(response)
        .then(() => 'ended', String);
    });
    http2.listen(0, '127.0.0.1');
    await once(http2, 'listening');
    const session = openHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    const request = session.request({ ':path': '/' });
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>];
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' });
    let received = '';
    request.setEncoding('utf8').on('data', (text: string) => (received += text));
    await until(() => source.observed);
    source.next({ data: 'hello' } as Message);
    await until(() => received === 'retry: 1000\n\ndata: hello\n\n');
    request.close();
    expect(await outcome).toBe('ended');
    expect(source.observed).toBe(false);
    session.close();
    http2.close();
  });

  describe('of a recoverable Channel', () => {
    const redis = sharedRedis();

    it('loses nothing of a slow browser that leaves and comes back, within bounded memory', async () => {
      const client = await createClient({ url: redis.url }).connect();
      const publisher = recoverable(client, { keep: 1_000 });
      await using receiver = await Receiver.open(redis.url);
      const news = receiver.channel('slow-news', { recover: {} });
      answer = (request) =>
        toEventStream(news, { lastEventId: request.headers['last-event-id'], capacity: 16 });
      const readingsOfLog = async () =>
        Number(/cmdstat_xrange:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
      const { browser } = await connect();
      await browser.next(true);
      expect(browser.lastEventId).toBe('0-0');
      const pixels = 'x'.repeat(64 * 1024);
      const publish = async (from: number, to: number) => {
        for (let number = from; number <= to; number++)
          await publisher.publish('slow-news', `${number} ${pixels}`);
      };
      const readings = await readingsOfLog();
      await publish(1, 300);
      const seen = (await browser.data(150)).map(Number.parseFloat);
      // The messages that had no room were not kept: they have been read from the log.
      expect((await readingsOfLog()) - readings).toBeGreaterThan(3);
      browser.disconnect();
      await publish(301, 320);
      await browser.connect();
      seen.push(...(await browser.data(170)).map(Number.parseFloat));
      expect(seen).toEqual(Array.from({ length: 320 }, (_, index) => index + 1));
      browser.disconnect();
      await outcome;
      await until(async () => (await client.pubSubNumSub('slow-news'))['slow-news'] === 0);
      client.destroy();
    });
  });
});
