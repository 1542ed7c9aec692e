// Server-Sent Events that a browser resumes: the id of an event is the id of the message in its log, and a browser that comes
// back with Last-Event-ID gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse-resume.ts

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { firstValueFrom, fromEvent, race } from 'rxjs';
import { GapError, Receiver, recoverable, RecoveryError } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const CHANNEL = 'news';
const LOG = `log:{${CHANNEL}}`;
const CAPACITY = 32;
let mostWaiting = 0;

const client = createClient({ url });
client.on('error', console.error);
await client.connect();
const publisher = recoverable(client, { keep: 1_000 });

// All responses share one connection that subscribes, and the one that reads the log.
const subscriber = client.duplicate();
subscriber.on('error', console.error);
await subscriber.connect();

const write = async (response: ServerResponse, event: string) => {
  if (!response.write(`${event}\n\n`))
    await firstValueFrom(race(fromEvent(response, 'drain'), fromEvent(response, 'close')));
};

/** Returns the id of the last message: a browser that has received none can resume from there, too. */
async function lastId(): Promise<string> {
  const [entry] = (await client.xRevRange(LOG, '+', '-', { COUNT: 1 })) ?? [];
  return entry?.id ?? 'start';
}

async function sendNews(response: ServerResponse, lastEventId: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  let from = lastEventId;
  for (;;) {
    if (from === '') await write(response, `id: ${(from = await lastId())}`);
    try {
      await sendNewsFrom(from, response);
      return;
    } catch (error) {
      // The log was deleted: it does not have the id any more.
      if (!((error as Error).cause instanceof RecoveryError)) throw error;
      await write(response, 'event: reset\ndata: load the page again');
      from = '';
    }
  }
}

// One Receiver for each response: it begins at its own id, and reads on from the log when its browser has room again.
async function sendNewsFrom(from: string, response: ServerResponse): Promise<void> {
  if (response.closed) return;
  const receiver = new Receiver(subscriber, { capacity: CAPACITY, overflow: 'replay', onGap: 'error' });
  receiver.channel(CHANNEL, { recover: { from } });
  response.once('close', () => void receiver.stop());
  try {
    await receiver.connect(); // the Receiver stays subscribed, and so keeps its place, until stop()
    while (receiver.isActive) await sendUntilGap(receiver, response);
  } finally {
    await receiver.stop();
  }
}

async function sendUntilGap(receiver: Receiver, response: ServerResponse): Promise<void> {
  try {
    for await (const { id, data } of receiver) {
      const event = data.replace(/^/gm, 'data: ');
      mostWaiting = Math.max(mostWaiting, receiver.stats.highWater);
      await write(response, id === undefined ? event : `id: ${id}\n${event}`);
    }
  } catch (error) {
    if (!(error instanceof GapError)) throw error;
    await write(response, `event: missed\ndata: ${error.gap.dropped ?? 'unknown'}`);
  }
}

const ID = /^(start|\d{1,15}-\d{1,15})$/;
const server = createServer((request, response) => {
  const lastEventId = String(request.headers['last-event-id'] ?? '');
  // The header comes from the browser: anything may be in it.
  sendNews(response, ID.test(lastEventId) ? lastEventId : '').catch(() => response.destroy());
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;

/** A browser: it remembers the last id, as an EventSource does, and reads only while it waits for an event. */
class Browser {
  #lastEventId = '';
  #response: IncomingMessage | undefined;
  #events: AsyncIterator<string> | undefined;

  async connect(): Promise<void> {
    const headers = this.#lastEventId ? { 'last-event-id': this.#lastEventId } : {};
    const request = get({ host: '127.0.0.1', port, headers });
    [this.#response] = (await once(request, 'response')) as [IncomingMessage];
    this.#events = eventsIn(this.#response);
  }

  disconnect(): void {
    this.#response?.destroy();
  }

  /** Returns the lines of the next event, without its id. */
  async next(): Promise<string> {
    const { value: event } = (await this.#events?.next()) as IteratorResult<string, undefined>;
    const lines = event?.split('\n') ?? [];
    const [id] = lines.filter((line) => line.startsWith('id: '));
    if (id) this.#lastEventId = id.slice('id: '.length);
    return lines.filter((line) => line !== id).join(', ');
  }
}

async function* eventsIn(response: IncomingMessage): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const events = `${rest}${String(chunk)}`.split('\n\n');
    rest = events.pop() ?? '';
    yield* events;
  }
}

const publish = async (...list: string[]) => {
  for (const text of list) await publisher.publish(CHANNEL, text);
};
const browser = new Browser();
const shows = async (count: number) => {
  for (let shown = 0; shown < count; shown++) console.log(await browser.next());
};

await browser.connect();
assert.equal(await browser.next(), ''); // only an id, which EventSource remembers and does not announce
browser.disconnect();

console.log('two messages while the browser is away');
await publish('one', 'two');
await browser.connect();
await shows(2);
await publish('three');
await shows(1);
browser.disconnect();

console.log('200 large ones, more than the buffers hold, while the browser does not read');
await browser.connect();
const pixels = 'x'.repeat(64 * 1024);
for (let frame = 1; frame <= 200; frame++) await publisher.publish(CHANNEL, `${frame} ${pixels}`);
for (let frame = 1; frame <= 200; frame++)
  assert.equal(Number.parseInt((await browser.next()).slice('data: '.length)), frame);
console.log(`200 received in order, at most ${mostWaiting} waited`);
browser.disconnect();

console.log('four more, and the log keeps only one');
await publish('four', 'five', 'six', 'seven');
await client.xTrim(LOG, 'MAXLEN', 1);
await browser.connect();
await shows(2);
browser.disconnect();

console.log('the log is deleted');
await client.del(LOG);
await browser.connect();
await shows(1);

server.closeAllConnections();
server.close();
subscriber.destroy();
client.destroy();
