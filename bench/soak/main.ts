import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createClient } from 'redis';
import { type Channel, GapError, type PubSubClient, Receiver, retryRecoverable } from 'rx-redis-receiver';
import { RedisServer } from '../../spec/support/redis-server.js';
import { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';
import { Audit } from './audit.js';

// Applies a steady load for some minutes, and a fault every few seconds: the stream has to report every missing message.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    rate: { type: 'string', default: '2000' },
    every: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const [seconds, rate, every, seed] = [values.seconds, values.rate, values.every, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];

const CHANNELS = Array.from({ length: 20 }, (_, index) => `soak:${index}`);
const PATTERN = 'soak:1*';
/** Channel that is forbidden for some time, with observers of its own. */
const FORBIDDEN = 'refused';
/** Channel of other code, whose listener throws into the client's reader. */
const TRAP = 'trap';
const TICK = 10;
const CAPACITY = 1_000;

// As an option of the server, the user survives a restart.
await using server = await RedisServer.start({
  args: ['--user', 'soaked', 'on', '>soaked', '+@all', '~*', 'allchannels'],
});
await using proxy = await TcpProxy.start(server.port);
const publisher = createClient({ url: server.url, socket: { reconnectStrategy: () => TICK } });
publisher.on('error', () => undefined);
await publisher.connect();

const receiver = await Receiver.open(
  {
    url: proxy.url,
    username: 'soaked',
    password: 'soaked',
    // `Receiver.open` turns these notifications off: here the client has to change its socket because of them.
    maintNotifications: 'auto',
    pingInterval: 100,
    socket: { socketTimeout: 600, reconnectStrategy: () => 50 },
  },
  { capacity: CAPACITY, overflow: 'drop-oldest', onGap: 'error', autoStop: false },
);
for (const name of CHANNELS) receiver.channel(name);
const pattern = receiver.pattern(PATTERN);
await receiver.connect();

const client = receiver.client as PubSubClient & {
  subscribe(name: string, listener: () => void): Promise<unknown>;
} & {
  unsubscribe(name?: string): Promise<unknown>;
};
const trap = () => {
  throw new Error('by a listener of other code');
};
let refusals = 0;
let permitted = 0;
new Receiver(receiver.client)
  .channel(FORBIDDEN)
  .pipe(retryRecoverable({ onError: () => refusals++ }))
  .subscribe({ next: () => permitted++, error: () => undefined });

const audit = new Audit();
const sent = new Map(CHANNELS.map((name) => [name, 0]));
const faults = new Map<string, number>();
let total = 0;
let isSlow = false;
let isOver = false;

/** Waits for a command of other code, but for half a second at most: node-redis leaves some unanswered when faults meet. */
const briefly = (command: Promise<unknown>) => Promise.race([command.catch(() => undefined), delay(500)]);

/** Faults by name; `bytes` is a random number: a position in the data, or the choice of a channel. */
const FAULTS: Readonly<Record<string, (bytes: number) => unknown>> = {
  'connection killed': () => publisher.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']),
  'cut in mid-burst': (bytes) => proxy.cutAfter(bytes),
  async 'server restarted'() {
    await server.kill();
    await delay(500);
    await server.restart();
  },
  async 'server frozen'() {
    server.freeze();
    await delay(1_000);
    server.thaw();
  },
  async 'half open'() {
    proxy.swallow('to-client');
    await delay(1_000);
    proxy.release('to-client');
    // The swallowed bytes are gone: a network that loses bytes of a connection loses the connection.
    proxy.cut();
  },
  'bytes split': (bytes) => proxy.splitNext(bytes % 100),
  async 'observers come and go'() {
    for (const name of CHANNELS)
      receiver
        .channel(name)
        .subscribe({ error: () => undefined })
        .unsubscribe();
    await delay(100);
  },
  async 'channel closed and registered anew'() {
    const old = receiver.channel('soak:7');
    await old.close();
    receiver.channel('soak:7');
  },
  'other code unsubscribes a name': (bytes) => briefly(client.unsubscribe(CHANNELS[bytes % CHANNELS.length])),
  'other code unsubscribes all': () => briefly(client.unsubscribe()),
  async 'server moves'() {
    const address = `127.0.0.1:${proxy.port}`;
    proxy.inject(`>4\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n$${address.length}\r\n${address}\r\n`, 'subscribers');
    await delay(500);
  },
  async 'reader breaks'() {
    await briefly(client.subscribe(TRAP, trap));
    await publisher.publish(TRAP, '');
    await delay(200);
    await briefly(client.unsubscribe(TRAP));
  },
  'bytes that do not parse': () => proxy.inject('\x07\r\n', 'subscribers'),
  async 'channel refused'() {
    await publisher.aclSetUser('soaked', [
      'resetchannels',
      '&soak:*',
      `&${PATTERN}`,
      '&trap',
      '&rx-redis-receiver:*',
    ]);
    await delay(1_500);
    await publisher.aclSetUser('soaked', ['allchannels']);
  },
  async 'slow consumer'() {
    isSlow = true;
    await delay((CAPACITY / rate) * 3_000);
    isSlow = false;
  },
};

async function load(): Promise<void> {
  let due = 0;
  while (!isOver) {
    await delay(TICK);
    for (due += (rate * TICK) / 1_000; due >= 1 && publisher.isReady; due--) publishNext();
    if (!publisher.isReady) due = 0;
  }
}

function publishNext(): void {
  const name = CHANNELS[total++ % CHANNELS.length] as string;
  const number = (sent.get(name) ?? 0) + 1;
  sent.set(name, number);
  // A message whose connection dies may have been published or not: the next message shows.
  publisher.publish(name, String(number)).catch(() => undefined);
}

async function consume(): Promise<void> {
  for (;;) {
    try {
      for await (const message of receiver) {
        audit.hear(message);
        while (isSlow) await delay(TICK);
      }
      return;
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      audit.note(error);
    }
  }
}

async function disturb(): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  const fault = fc.tuple(fc.constantFrom(...Object.keys(FAULTS)), fc.integer({ min: 1, max: 20_000 }));
  for (const [kind, bytes] of fc.sample(fault, { seed, numRuns: Math.ceil(seconds / every) })) {
    await delay(every * 1_000);
    if (performance.now() >= end) return;
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
    await FAULTS[kind]?.(bytes);
  }
}

console.log(`${seconds} s, ${rate} messages a second, a fault every ${every} s, seed ${seed}`);
const heapBefore = heap();
const loading = load();
const consuming = consume();
await disturb();
isOver = true;
await loading;
await until(() => publisher.isReady, { timeout: 10_000 });
// The last messages may be missing: one more message of each channel, once all are subscribed, shows the messages before it.
const sources: readonly Channel[] = [...receiver.channels.values(), pattern];
await until(
  async () => {
    for (const _ of CHANNELS) publishNext();
    await delay(50);
    return CHANNELS.every((name) => audit.hasHeard(receiver.channel(name), name, sent.get(name) as number));
  },
  { timeout: 20_000, message: 'the last message of each channel' },
);
const before = permitted;
await until(
  async () => {
    await publisher.publish(FORBIDDEN, '');
    await delay(50);
    return permitted > before;
  },
  { timeout: 20_000, message: 'the channel that was refused' },
);
await receiver.stop();
await consuming;
const heapAfter = heap();
publisher.destroy();

const print = (what: string, value: number | string) => console.log(`${what.padEnd(16)} ${value}`);
const patterned = CHANNELS.filter((name) => name.startsWith('soak:1'));
const twice = patterned.reduce((sum, name) => sum + (sent.get(name) as number), 0);
print('sent', `${total}, ${total + twice} to hear, those that match the pattern twice`);
print('delivered', audit.delivered);
const { dropped } = receiver.stats;
// Some of the dropped messages fell into the gap of a lost connection as well.
print('inside gaps', audit.insideGaps + audit.insideOverflows - dropped);
print('dropped', dropped);
print('duplicates', audit.duplicates);
print('out of order', audit.outOfOrder);
const unexplained = audit.unexplained + Math.max(0, audit.insideOverflows - dropped);
print('unexplained', unexplained);
print('gaps', audit.gaps);
print('refusals', refusals);
print('heap at start', `${heapBefore} MB`);
print('heap at end', `${heapAfter} MB, ${sources.length} sources`);
for (const [kind, count] of faults) print(`${count} ×`, kind);
for (const line of audit.wrong) console.log(line);
if (unexplained + audit.duplicates + audit.outOfOrder > 0) process.exitCode = 1;

function heap(): string {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return (process.memoryUsage().heapUsed / 1024 / 1024).toFixed(1);
}
