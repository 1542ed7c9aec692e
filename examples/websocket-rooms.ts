// A gateway whose WebSocket clients join and leave rooms. 1,000 clients use it, one of them reads nothing, and all go away.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/websocket-rooms.ts

import { once } from 'node:events';
import { createClient } from 'redis';
import type { Subscription } from 'rxjs';
import { mergeMapBounded, Receiver } from 'rx-redis-receiver';
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';

interface Request {
  readonly join?: string;
  readonly leave?: string;
}

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const receiver = await Receiver.open(url);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (socket) => {
  const rooms = new Map<string, Subscription>();
  const leave = (room: string) => {
    rooms.get(room)?.unsubscribe();
    rooms.delete(room);
  };
  const join = (room: string) => {
    if (rooms.has(room)) return;
    const channel = receiver.channel(`room:${room}`);
    // One message at a time, and at most 100 that wait: a client that reads too slowly is closed, and joins again.
    const sent = channel.pipe(
      mergeMapBounded(({ data }) => send(socket, { room, data }), { concurrent: 1, capacity: 100 }),
    );
    rooms.set(room, sent.subscribe({ error: () => socket.close(1013, `Too slow for ${room}`) }));
    channel
      .whenSubscribed()
      .then(() => send(socket, { joined: room }))
      .catch(() => leave(room));
  };

  socket.on('message', (text: Buffer) => {
    const request = JSON.parse(text.toString()) as Request;
    if (request.join !== undefined) join(request.join);
    if (request.leave !== undefined) leave(request.leave);
  });
  socket.on('close', () => {
    for (const room of [...rooms.keys()]) leave(room);
  });
});

/** Resolves when the message is written to the connection. */
function send(socket: WebSocket, message: object): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
  });
}

// From here on, the clients.
const CLIENTS = 1_000;
const ROOMS = 50;
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const publisher = await createClient({ url }).connect();
const counts = { joined: 0, received: 0 };

async function connect(): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  client.on('message', (text: Buffer) => {
    const message = JSON.parse(text.toString()) as { readonly joined?: string };
    if (message.joined === undefined) counts.received++;
    else counts.joined++;
  });
  await once(client, 'open');
  return client;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const request = (client: WebSocket, message: Request) => client.send(JSON.stringify(message));
const publish = (data: string) =>
  Promise.all(Array.from({ length: ROOMS }, (_, room) => publisher.publish(`room:${room}`, data)));

const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
clients.forEach((client, index) => {
  request(client, { join: String(index % ROOMS) });
  request(client, { join: String((index + 1) % ROOMS) });
});
await until(() => counts.joined === 2 * CLIENTS);
console.log(`${CLIENTS} clients in ${ROOMS} rooms, ${await subscribed()} subscriptions in Redis`);

await publish('hello');
await until(() => counts.received === 2 * CLIENTS);
console.log(`${counts.received} messages received`);

clients.forEach((client, index) => request(client, { leave: String(index % ROOMS) }));
// The gateway handles the requests of a client in order: the reply to this one follows the departure.
clients.forEach((client, index) => request(client, { join: `lobby:${index % ROOMS}` }));
await until(() => counts.joined === 3 * CLIENTS);
counts.received = 0;
await publish('again');
await until(() => counts.received === CLIENTS);
console.log(`${counts.received} messages received by those who are still in the rooms`);

const slow = await connect();
request(slow, { join: 'busy' });
await until(() => counts.joined === 3 * CLIENTS + 1);
slow.pause();
await until(async () => (await publisher.publish('room:busy', 'x'.repeat(100_000))) === 0);
slow.resume();
const [code, reason] = (await once(slow, 'close')) as [number, Buffer];
console.log(`the client that reads nothing is closed: ${code} ${reason.toString()}`);

for (const client of clients) client.close();
await until(async () => (await subscribed()) === 0);
console.log(`all clients have gone, ${await subscribed()} subscriptions in Redis`);

server.close();
publisher.destroy();
await receiver.stop();

async function subscribed(): Promise<number> {
  return (await publisher.pubSubChannels('room:*')).length;
}
