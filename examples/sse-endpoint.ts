// Server-Sent Events to a browser that reads slowly: it misses old frames, gets the newest, and costs no more memory
// than its queue has room. Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse-endpoint.ts

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
  response.once('close', () => void queue.return?.()); // or else the frames of a client that left would go on waiting
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders();
  for await (const { data } of queue) {
    count.sent++;
    const hasRoom = response.write(`data: ${data}\n\n`);
    if (!hasRoom) await firstValueFrom(race(fromEvent(response, 'drain'), fromEvent(response, 'close')));
  }
  response.end();
}

const server = createServer((request, response) => {
  sendFrames(response, request.url === '/slow' ? slow : fast).catch((error: Error) => response.destroy(error));
}).listen(0, '127.0.0.1');
await once(server, 'listening');

/** The numbers of the frames, which are read from the socket only while somebody asks for them. */
async function* open(path: string): AsyncGenerator<number, void> {

}
