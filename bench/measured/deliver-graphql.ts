import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Delivers messages to GraphQL clients, and reports the memory of a client and the CPU of a delivery.

/** Task of the process: its one argument, as JSON. */
export interface DeliveryTask {
  readonly url: string;
  readonly way: keyof typeof WAYS;
  readonly clients: number;
  readonly topics: readonly string[];
  /** Numbers of messages on each topic; every one is a delivery to each of the topic's clients. */
  readonly warmUp: number;
  readonly messages: number;
}

export interface DeliveryReport {
  /** Microseconds of CPU a delivery. */
  readonly cpu: number;
  /** Bytes of a client. */
  readonly memory: number;
}

interface PubSub {
  asyncIterator(topic: string): AsyncIterator<unknown>;
}

const WAYS = {
  async other(url: string): Promise<PubSub> {
    const { hostname: host, port } = new URL(url);
    const { RedisPubSub } = await import('graphql-redis-subscriptions');
    return new RedisPubSub({ connection: { host, port: Number(port) } });
  },
  async own(url: string): Promise<PubSub> {
    const { RedisPubSub } = await import('rx-redis-receiver/graphql');
    return new RedisPubSub({ connection: url });
  },
};

const { url, way, clients, topics, warmUp, messages } = JSON.parse(process.argv[2]!) as DeliveryTask;
const deliveriesOf = (count: number) => count * topics.length * (clients / topics.length);

const pubSub = await WAYS[way](url);
// The first client makes the connection, and loads what that needs.
const first = pubSub.asyncIterator(topics[0]!);
await first.next();
await first.return?.();
const before = heapUsed();

let count = 0;
let start: NodeJS.CpuUsage | undefined;
const greeted: Promise<unknown>[] = [];
for (let index = 0; index < clients; index++) {
  const iterator = pubSub.asyncIterator(topics[index % topics.length]!);
  const greeting = iterator.next();
  greeted.push(greeting);
  void consume(iterator, greeting);
}
await Promise.all(greeted.splice(0));
const memory = (heapUsed() - before) / clients;
process.send!('ready');
await once(process, 'disconnect');
process.exit();

async function consume(iterator: AsyncIterator<unknown>, greeting: Promise<unknown>): Promise<void> {
  await greeting;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return;
    if ('orderPaid' in (value as object)) onDelivery();
  }
}

function onDelivery(): void {
  count++;
  if (count === deliveriesOf(warmUp)) start = process.cpuUsage();
  if (count !== deliveriesOf(warmUp + messages)) return;
  const { user, system } = process.cpuUsage(start);
  process.send!({ cpu: (user + system) / deliveriesOf(messages), memory } satisfies DeliveryReport);
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
