// Server-Sent Events with Fastify. A browser that loses its connection gets what it has missed.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/sse/fastify.ts

import { fastify } from 'fastify';
import { Receiver, toEventStream } from 'rx-redis-receiver';
import { PAGE } from './page.js';

const receiver = await Receiver.open(process.env.REDIS_URL);
const news = receiver.channel('news', { recover: {} });

const app = fastify();
app.get('/', (_, reply) => reply.type('text/html').send(PAGE));
app.get('/news', (request, reply) => {
  const stream = toEventStream(news, { lastEventId: request.headers['last-event-id'] });
  return reply.send(stream.toResponse());
});

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
