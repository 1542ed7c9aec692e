// Server-Sent Events for browsers: one that reads slowly misses old frames, gets the newest, and costs a bounded queue.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse-endpoint.ts

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { createClient } from 'redis';
import { firstValueFrom, fromEvent, race, tap } from 'rxjs';
import { iterate, Receiver } from 'rx-redis-receiver';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const receiver = await Receiver.open(url);
const frames = receiver.channel('frames');

const CAPACITY = 32;
const fast = { came: 0, sent: 0, dropped: 0, mostWaiting: 0 };
const slow = { ...fast };

// One queue for each response, which is written to only when it has room.
async function sendFrames(response: ServerResponse, count: typeof fast): Promise<void> {
  const onFrame = () => {
    count.mostWaiting = Math.max(count.mostWaiting, count.came - count.sent - count.dropped);
    count.came++;
  };
  const queue = iterate(frames.pipe(tap(onFrame)), {
    capacity: CAPACITY,
    overflow: 'drop-oldest',
    onDrop: () => count.dropped++,
  });
  response.once('close', () => void queue.return?.()); // the browser has left: no longer observe the channel
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  for await (const { data } of queue) {
    count.sent++;
    const hasRoom = response.write(`data: ${data}\n\n`);
    if (!hasRoom) await firstValueFrom(race(fromEvent(response, 'drain'), fromEvent(response, 'close')));
  }
  response.end();
}

const server = createServer((request, response) => {
  sendFrames(response, request.url === '/slow' ? slow : fast).catch(() => response.destroy());
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;

// The browsers. A frame is its number, and the socket is read only while a reader waits for the next frame.
async function open(path: string): Promise<AsyncGenerator<number, undefined>> {
  const request = get({ host: '127.0.0.1', port, path });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return numbersIn(response);
}

async function* numbersIn(response: IncomingMessage): AsyncGenerator<number, undefined> {
  for await (const line of createInterface({ input: response })) {
    if (line) yield Number.parseInt(line.slice('data: '.length));
  }
}

const [fastBrowser, slowBrowser] = await Promise.all([open('/fast'), open('/slow')]);
await frames.whenSubscribed();

const client = createClient({ url });
client.on('error', console.error);
await client.connect();

// The fast one reads each frame before the next comes. The slow one reads nothing, until 100 are dropped for it: more
// than what the buffers of its socket hold.
const pixels = 'x'.repeat(64 * 1024);
let published = 0;
while (slow.dropped < 100) {
  await client.publish('frames', `${++published} ${pixels}`);
  assert.equal((await fastBrowser.next()).value, published);
}
await receiver.drain(); // both responses end, behind what waits for them

const seen: number[] = [];
for await (const number of slowBrowser) seen.push(number);
const newest = Array.from({ length: CAPACITY }, (_, index) => published - CAPACITY + 1 + index);
assert.equal(seen.length, published - slow.dropped);
assert.deepEqual(seen.slice(-CAPACITY), newest);
assert.equal((await fastBrowser.next()).done, true);

console.log(`fast: missed ${fast.dropped}, at most ${fast.mostWaiting} waited`);
console.log(
  `slow: missed ${slow.dropped}, at most ${slow.mostWaiting} waited, got the newest ${newest.length}`,
);

server.close();
client.destroy();
