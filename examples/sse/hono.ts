// Server-Sent Events with Hono. A browser that loses its connection gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse/hono.ts

import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Receiver, toEventStream } from 'rx-redis-receiver';
import { PAGE } from './page.js';

const receiver = await Receiver.open(process.env.REDIS_URL);
const news = receiver.channel('news', { recover: {} });

const app = new Hono();
app.get('/', (context) => context.html(PAGE));
app.get('/news', ({ req }) => toEventStream(news, { lastEventId: req.header('last-event-id') }).toResponse());

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
