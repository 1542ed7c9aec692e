import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient } from 'redis';
import type { Receiver } from 'rx-redis-receiver';
import { RedisServer } from '../../spec/support/redis-server.js';
import { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';
import { Arrivals } from './arrivals.js';
import { injectFaults } from './overload-faults.js';

/** The channels or streams on which numbers are published. */
export const NAMES: readonly string[] = Array.from({ length: 5 }, (_, index) => `soak:${index}`);
/** Messages that wait in a Receiver at most. */
export const CAPACITY = 1_000;
/** Milliseconds. */
export const TICK = 10;
const OVERLOAD = 10;
/** The largest number of messages of one name that are published in one go. */
const MOST_AT_ONCE = 1_000;
/** Megabytes by which the heap may grow. */
const MOST_GROWTH = 20;

export type Admin = ReturnType<typeof connect>;

/** The Receivers and messages under overload. */
export interface Overloaded {
  /** Opens one Receiver, or several that share the messages, and registers the names. */
  open(url: string): Promise<readonly Receiver[]>;
  publisher(admin: Admin): (name: string, number: string) => unknown;
  /** Returns the stream that has the messages of a name; `field`: the one with the number. */
  streamOf(name: string): { readonly key: string; readonly field: string };
  /** Matches the last command of a connection that reads. */
  readonly reading: RegExp;
  /** True if messages may come again, and in any order. */
  readonly isShared: boolean;
  /** Returns what is not finished though everything has arrived; undefined if nothing is left. */
  rest?(admin: Admin): Promise<string | undefined>;
}

/**
 * Publishes numbers ten times faster than they are consumed, while faults are injected, and then lets everything be consumed.
 * Every number has to arrive, and the memory has to stay within its bounds.
 */
export async function soak({
  open,
  publisher,
  streamOf,
  reading,
  isShared,
  rest,
}: Overloaded): Promise<void> {
  const { seconds, rate, faults, seed } = options();
  // A server that is killed loses nothing that it has confirmed.
  await using server = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  await using proxy = await TcpProxy.start(server.port);
  const admin = connect(server.url);
  admin.on('error', () => undefined);
  await admin.connect();
  const publish = publisher(admin);
  const receivers = await open(proxy.url);
  const arrivals = new Arrivals(NAMES);
  const published = new Map(NAMES.map((name) => [name, 0]));
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((all, each) => all + each, 0);
  // Attempts fail again and again while a server restarts under load: that is told, and no fault.
  let [gaps, refusals, failures] = [0, 0, 0];
  for (const { events } of receivers) {
    events.subscribe((event) => {
      if (event.type === 'gap') gaps++;
      if (event.type === 'recovery-error' && !event.error.message.includes('Redis refused')) failures++;
      else if (event.type === 'recovery-error' || event.type === 'unrecoverable') {
        refusals++;
        console.log(event.type, 'error' in event ? event.error.message : event.channel);
      }
    });
  }
  await Promise.all(receivers.map((receiver) => receiver.connect()));
  let isOver = false;

  /** Publishes the numbers of a name; after a failure, continues behind the last one that the stream has. */
  async function load(name: string): Promise<void> {
    const { key, field } = streamOf(name);
    let due = 0;
    let isKnown = true;
    while (!isOver || !isKnown) {
      await delay(TICK);
      due = Math.min(due + (rate * TICK) / 1_000 / NAMES.length, MOST_AT_ONCE);
      if (!admin.isReady) continue;
      try {
        if (!isKnown) {
          const [entry] = (await admin.xRevRange(key, '+', '-', { COUNT: 1 })) ?? [];
          published.set(name, Number(entry?.message[field] ?? 0));
          isKnown = true;
        }
        const first = (published.get(name) as number) + 1;
        const count = isOver ? 0 : Math.floor(due);
        const numbers = Array.from({ length: count }, (_, index) => String(first + index));
        await Promise.all(numbers.map((number) => publish(name, number)));
        published.set(name, first + count - 1);
        due -= count;
      } catch {
        isKnown = false;
      }
    }
  }

  /** Takes its share of a tenth of what is published, and in the end everything. */
  async function consume(receiver: Receiver): Promise<void> {
    let due = 0;
    let before = performance.now();
    for await (const { channel, data } of receiver) {
      arrivals.add(channel, Number(data));
      for (due--; due < 1 && !isOver; before = performance.now()) {
        await delay(TICK);
        due += ((performance.now() - before) * rate) / 1_000 / OVERLOAD / receivers.length;
      }
    }
  }

  const consumers = `${receivers.length} × ${rate / OVERLOAD / receivers.length} of them consumed`;
  console.log(`${seconds} s, ${rate} messages a second, ${consumers}, ${faults} faults, seed ${seed}`);
  let [mostBuffered, mostBehind] = [0, 0];
  const watch = setInterval(() => {
    mostBuffered = Math.max(mostBuffered, ...receivers.map(({ stats }) => stats.buffered));
    mostBehind = Math.max(mostBehind, sum(published.values()) - arrivals.distinct);
  }, 100);
  const heapBefore = heap();
  let mostHeap = heapBefore;
  const weigh = setInterval(() => (mostHeap = Math.max(mostHeap, heap())), 2_000);
  const loading = NAMES.map(load);
  const consuming = receivers.map(consume);
  const injected = await injectFaults({ server, proxy, admin, reading }, faults, seconds, seed);
  isOver = true;
  await Promise.all(loading);

  const left = async () => {
    const missing = NAMES.filter((name) => arrivals.of(name) !== published.get(name));
    return missing.length > 0 ? `messages of ${missing.join()}` : rest?.(admin);
  };
  const isDone = async () => (await left()) === undefined;
  await until(isDone, { timeout: 120_000, message: 'the last messages' }).catch(console.error);
  const remaining = await left();
  clearInterval(watch);
  clearInterval(weigh);
  const heapAfter = heap();
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  await Promise.all(consuming);
  admin.destroy();

  const { distinct, again, outOfOrder } = arrivals;
  const isSound =
    distinct === sum(published.values()) &&
    remaining === undefined &&
    gaps + refusals === 0 &&
    (isShared || again + outOfOrder === 0) &&
    mostBuffered <= CAPACITY &&
    mostHeap - heapBefore < MOST_GROWTH;
  const stats = receivers.map((receiver) => receiver.stats);
  console.log([...injected].map(([kind, count]) => `${count} × ${kind}`).join(', '));
  console.log(
    [
      `${isSound ? 'ok' : 'FAILED'}: published ${sum(published.values())}, received ${distinct}`,
      `${sum(stats.map(({ recovered }) => recovered ?? 0))} from logs`,
      `${again} again, ${outOfOrder} out of order`,
      `${gaps} gaps, ${refusals} refusals, ${failures} × told of failing attempts, ${sum(stats.map(({ dropped }) => dropped))} dropped`,
      `left: ${remaining ?? 'nothing'}`,
      `at most ${mostBehind} behind, ${mostBuffered} of ${CAPACITY} buffered`,
      `heap ${heapBefore.toFixed(1)} MB before, ${mostHeap.toFixed(1)} MB at most, ${heapAfter.toFixed(1)} MB after`,
    ].join('; '),
  );
  if (!isSound) process.exitCode = 1;
}

function options() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '75' },
      rate: { type: 'string', default: '2000' },
      faults: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
    },
  });
  const { seconds, rate, faults, seed } = values;
  return { seconds: Number(seconds), rate: Number(rate), faults: Number(faults), seed: Number(seed) };
}

function connect(url: string) {
  return createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => TICK } });
}

/** Returns the megabytes that are in use. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}
