// Serves the counts of two Receivers to Prometheus, scrapes them once, and prints what a scrape gets.
// Run it: REDIS_URL=redis://localhost:6379 npx tsx examples/prometheus-metrics.ts

import { once } from 'node:events';
import { createServer } from 'node:http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createClient } from 'redis';
import { Receiver } from 'rx-redis-receiver';
import { instrument } from 'rx-redis-receiver/opentelemetry';
import type { AddressInfo } from 'node:net';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
await using orders = await Receiver.open(url);
await using news = await Receiver.open(url);
orders.channel('orders');
news.channel('news');
await Promise.all([orders.connect(), news.connect()]);

// The service itself serves /metrics; without `preventServerStart`, the exporter would, on port 9464.
const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter('shop');
using _orders = instrument(orders, meter, { name: 'orders' });
using _news = instrument(news, meter, { name: 'news' });
const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
await once(server, 'listening');

const publisher = await createClient({ url }).connect();
for (const total of ['12', '30', '7']) await publisher.publish('orders', total);
await orders.get();
publisher.destroy();

const { port } = server.address() as AddressInfo;
const scrape = await fetch(`http://127.0.0.1:${port}/metrics`);
console.log(await scrape.text());
server.close();
server.closeAllConnections();
