// Server-Sent Events with Express. A browser that loses its connection gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse/express.ts

import type { AddressInfo } from 'node:net';
import express from 'express';
import { Receiver, toEventStream } from 'rx-redis-receiver';
import { PAGE } from './page.js';

const receiver = await Receiver.open(process.env.REDIS_URL);
const news = receiver.channel('news', { recover: {} });

const app = express();
app.get('/', (_, response) => void response.send(PAGE));
app.get('/news', (request, response) => {
  const stream = toEventStream(news, { lastEventId: request.headers['last-event-id'] });
  stream.pipe(response).catch(console.error);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
