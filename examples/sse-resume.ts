// Server-Sent Events that a browser resumes: the id of an event is the id of the message in its log, and a browser that comes
// back with Last-Event-ID gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse-resume.ts

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { Receiver, recoverable, toEventStream } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const CHANNEL = 'news';
const LOG = `log:{${CHANNEL}}`;

const receiver = await Receiver.open(url);
const news = receiver.channel(CHANNEL, { recover: {} });

const server = createServer((request, response) => {
  const stream = toEventStream(news, { lastEventId: request.headers['last-event-id'] });
  stream.pipe(response).catch(console.error);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;

const client = await createClient({ url }).on('error', console.error).connect();
const publisher = recoverable(client, { keep: 1_000 });

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

  /** Returns the lines of the next event that has data, without its id. */
  async next(): Promise<string> {
    for (;;) {
      const lines = await this.lines();
      const shown = lines.filter((line) => !line.startsWith('id: '));
      if (shown.some((line) => line.startsWith('data: '))) return shown.join(', ');
    }
  }

  async lines(): Promise<string[]> {
    const { value: event } = (await this.#events?.next()) as IteratorResult<string, undefined>;
    const lines = event?.split('\n') ?? [];
    const [id] = lines.filter((line) => line.startsWith('id: '));
    if (id) this.#lastEventId = id.slice('id: '.length);
    return lines;
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
assert.deepEqual(await browser.lines(), ['retry: 1000']);
assert.deepEqual(await browser.lines(), ['id: 0-0']); // EventSource remembers it, and announces nothing
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
console.log('200 received in order');
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
await receiver.stop();
client.destroy();
