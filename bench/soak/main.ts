import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createClient } from 'redis';
import { type Channel, GapError, Receiver, retryRecoverable } from 'rx-redis-receiver';
import { RedisServer } from '../../spec/support/redis-server.js';
import { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';
import { Audit } from './audit.js';
import { listenWhileMoved } from './moved-client.js';

// Steady load for some minutes, and a fault every few seconds: the stream has to report every missing message.

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
const TICK = 10;
const CAPACITY = 1_000;
/** A channel that the user may not subscribe at times. */
const REFUSED = 'soak:refused';
/** A channel of other code on the client, whose listener throws at times. */
const THROWING = 'soak:trap';
const USER = { username: 'soaked', password: 'secret' };
const RULES = ['on', `>${USER.password}`, '~*', '+@all', 'allchannels'];

await using server = await RedisServer.start({ args: ['--user', USER.username, ...RULES] });
await using proxy = await TcpProxy.start(server.port);
const publisher = createClient({ url: server.url, socket: { reconnectStrategy: () => TICK } });
publisher.on('error', () => undefined);
await publisher.connect();

const receiver = await Receiver.open(
  { url: proxy.url, ...USER, pingInterval: 100, socket: { socketTimeout: 600, reconnectStrategy: () => 50 } },
  { capacity: CAPACITY, overflow: 'drop-oldest', onGap: 'error', autoStop: false },
);
for (const name of CHANNELS) receiver.channel(name);
const pattern = receiver.pattern(PATTERN);
await receiver.connect();

const audit = new Audit();
const sent = new Map([...CHANNELS, REFUSED].map((name) => [name, 0]));
const audits = [audit];
const faults = new Map<string, number>();
let total = 0;
let isSlow = false;
let isOver = false;
let shouldThrow = false;

/** The client as other code of the process may use it. */
const shared = receiver.client as ReturnType<typeof createClient>;
const throwAtReader = () => {
  if (shouldThrow) throw new Error('by a listener of other code');
};

// Another Receiver on the same client: its channel is refused at times, while the first Receiver's stream continues.
const refusedAudit = new Audit();
audits.push(refusedAudit);
const refusedReceiver = new Receiver(receiver.client, { onGap: 'error' });
const refused = refusedReceiver.channel(REFUSED);
let refusals = 0;
refused
  .pipe(
    retryRecoverable({
      onError(error) {
        if (error instanceof GapError) {
          refusedAudit.recordGap(error);
        } else {
          refusals++;
          refusedAudit.refuse(refused);
        }
      },
    }),
  )
  .subscribe((message) => refusedAudit.receive(message));
await refused.whenSubscribed();

/** The faults; `bytes` is the position of a fault in the middle of a stream of bytes. */
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
    // Swallowed bytes are lost, and a network that loses bytes of a connection loses the connection.
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
  'other code unsubscribes names'() {
    shared.unsubscribe(['soak:3', REFUSED]).catch(() => undefined);
    shared.pUnsubscribe(PATTERN).catch(() => undefined);
  },
  'other code unsubscribes all names'(bytes) {
    (bytes % 2 === 0 ? shared.unsubscribe() : shared.pUnsubscribe()).catch(() => undefined);
  },
  async 'client moved'() {
    audits.push(await listenWhileMoved(server.port, CHANNELS.slice(0, 5)));
  },
  async 'listener throws'() {
    shared.subscribe(THROWING, throwAtReader).catch(() => undefined);
    await delay(100);
    shouldThrow = true;
    await publisher.publish(THROWING, '');
    await delay(100);
    shouldThrow = false;
  },
  'bytes do not parse': () => proxy.inject('?\r\n'),
  async 'channel refused'() {
    const allowed = ['soak:[0-9]*', PATTERN, THROWING].map((name) => `&${name}`);
    await publisher.aclSetUser(USER.username, ['resetchannels', ...allowed]);
    await delay(1_000);
    await publisher.aclSetUser(USER.username, 'allchannels');
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
    if (publisher.isReady) publishOn(REFUSED);
    if (!publisher.isReady) due = 0;
  }
}

function publishNext(): void {
  publishOn(CHANNELS[total++ % CHANNELS.length] as string);
}

function publishOn(name: string): void {
  const number = (sent.get(name) ?? 0) + 1;
  sent.set(name, number);
  // A command that dies with its connection may have been executed or not: the next message shows it.
  publisher.publish(name, String(number)).catch(() => undefined);
}

async function consume(): Promise<void> {
  for (;;) {
    try {
      for await (const message of receiver) {
        audit.receive(message);
        while (isSlow) await delay(TICK);
      }
      return;
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      audit.recordGap(error);
    }
  }
}

async function injectFaults(): Promise<void> {
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
await injectFaults();
isOver = true;
await loading;
await until(() => publisher.isReady, { timeout: 10_000 });
// The last messages may be missing: one more message of each channel, once all are subscribed, reveals that.
const sources: readonly Channel[] = [...receiver.channels.values(), pattern];
await until(
  async () => {
    for (const _ of CHANNELS) publishNext();
    publishOn(REFUSED);
    await delay(50);
    const isReceived = (name: string) =>
      audit.hasReceived(receiver.channel(name), name, sent.get(name) as number);
    return (
      CHANNELS.every(isReceived) && refusedAudit.hasReceived(refused, REFUSED, sent.get(REFUSED) as number)
    );
  },
  { timeout: 20_000, message: 'the last message of each channel' },
);
await refusedReceiver.stop();
await receiver.stop();
await consuming;
const heapAfter = heap();
publisher.destroy();

const print = (what: string, value: number | string) => console.log(`${what.padEnd(16)} ${value}`);
const patterned = CHANNELS.filter((name) => name.startsWith('soak:1'));
const ofPattern = patterned.reduce((sum, name) => sum + (sent.get(name) as number), 0);
print('sent', `${total}, ${total + ofPattern} expected: the channels that match the pattern count twice`);
print('delivered', audit.delivered);
const { dropped } = receiver.stats;
// Some of the dropped messages also lie inside the gap of a lost connection.
print('inside gaps', audit.insideGaps + audit.insideOverflows - dropped);
print('dropped', dropped);
const sum = (what: 'duplicates' | 'outOfOrder' | 'unexplained' | 'gaps') =>
  audits.reduce((total, each) => total + each[what], 0);
const [duplicates, outOfOrder] = [sum('duplicates'), sum('outOfOrder')];
print('duplicates', duplicates);
print('out of order', outOfOrder);
const unexplained = sum('unexplained') + Math.max(0, audit.insideOverflows - dropped);
print('unexplained', unexplained);
print('gaps', sum('gaps'));
print('refusals', refusals);
print('heap at start', `${heapBefore} MB`);
print('heap at end', `${heapAfter} MB, ${sources.length} sources`);
for (const [kind, count] of faults) print(`${count} ×`, kind);
for (const line of audits.flatMap(({ findings }) => findings)) console.log(line);
if (unexplained + duplicates + outOfOrder > 0) process.exitCode = 1;

function heap(): string {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return (process.memoryUsage().heapUsed / 1024 / 1024).toFixed(1);
}
