// Measures the CPU and the time of an entry of a stream, beside a bare loop of XREAD, and of an entry of a group, beside a bare loop
// of XREADGROUP and XACK; and of the latter also without the script that counts lost entries in front of each read.
// Run it: npm run bench:streams -- [rounds] [groups]

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { Receiver } from '../lib/index.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { ratios, shuffled, spread } from './statistics.js';
import { versions } from './versions.js';

const ROUNDS = Number(process.argv[2] ?? 7);
const ONLY_GROUPS = process.argv[3] === 'groups';
const BATCH = 100;
const VALUE = 'x'.repeat(200);

interface Scene {
  readonly title: string;
  readonly keys: number;
  readonly entries: number;
  /** Entries that are there before the reader starts; the others are added while it reads. */
  readonly backlog: number;
}

const SCENES: readonly Scene[] = [
  { title: 'a backlog of one stream', keys: 1, entries: 100_000, backlog: 100_000 },
  { title: 'the tail of one stream', keys: 1, entries: 50_000, backlog: 0 },
  { title: 'the tail of 100 streams', keys: 100, entries: 50_000, backlog: 0 },
];

const GROUP = 'workers';

type Read = (url: string, keys: readonly string[], onEntry: () => void) => Promise<() => unknown>;

const openClient = async (url: string) => {
  const client = createClient({ url });
  client.on('error', () => undefined);
  return client.connect();
};

/** A loop as an application writes it by itself: one connection, all keys, the last id of each. */
const bareLoop: Read = async (url, keys, onEntry) => {
  const client = await openClient(url);
  const last = new Map(keys.map((key) => [key, '0-0']));
  let isOpen = true;
  const loop = async () => {
    while (isOpen) {
      const places = [...last].map(([key, id]) => ({ key, id }));
      const reply = await client.xRead(places, { COUNT: BATCH, BLOCK: 1_000 });
      for (const { name, messages } of (reply ?? []) as { name: string; messages: { id: string }[] }[]) {
        for (const { id } of messages) {
          last.set(name, id);
          onEntry();
        }
      }
    }
  };
  void loop().catch(() => undefined);
  return () => {
    isOpen = false;
    client.destroy();
  };
};

const receiver: Read = async (url, keys, onEntry) => {
  const client = await openClient(url);
  const own = new Receiver(client);
  for (const key of keys) own.stream(key, { from: 'start', batch: BATCH });
  own.subscribe(onEntry);
  await own.connect();
  return async () => {
    await own.stop();
    client.destroy();
  };
};

/** The same with a group: one XACK for the entries of one stream in a reply. */
const bareGroup: Read = async (url, keys, onEntry) => {
  const client = await openClient(url);
  for (const key of keys) await client.xGroupCreate(key, GROUP, '0', { MKSTREAM: true });
  const places = keys.map((key) => ({ key, id: '>' }));
  let isOpen = true;
  const loop = async () => {
    while (isOpen) {
      const reply = await client.xReadGroup(GROUP, 'bare', places, { COUNT: BATCH, BLOCK: 1_000 });
      for (const { name, messages } of (reply ?? []) as { name: string; messages: { id: string }[] }[]) {
        for (const _ of messages) onEntry();
        const ids = messages.map(({ id }) => id);
        // On the connection of the next read, in front of it. The last one may end with the client.
        void client.xAck(name, GROUP, ids).catch(() => undefined);
      }
    }
  };
  void loop().catch(() => undefined);
  return () => {
    isOpen = false;
    client.destroy();
  };
};

const groupReceiverOn =
  (open: typeof openClient): Read =>
  async (url, keys, onEntry) => {
    const client = await open(url);
    const own = new Receiver(client);
    for (const key of keys) own.stream(key, { group: GROUP, batch: BATCH, prefetch: BATCH });
    own.subscribe(onEntry);
    await own.connect();
    return async () => {
      await own.stop();
      client.destroy();
    };
  };

/** Has all clients of this process reply to scripts by themselves: no stream has lost an entry. */
const withoutScripts = async (url: string) => {
  const client = await openClient(url);
  let prototype = client as { sendCommand(args: readonly string[], options?: object): unknown };
  while (!Object.hasOwn(prototype, 'sendCommand'))
    prototype = Object.getPrototypeOf(prototype) as typeof prototype;
  const { sendCommand } = prototype;
  prototype.sendCommand = function (args, options) {
    if (!args[0]?.startsWith('EVAL')) return sendCommand.call(this, args, options);
    return Promise.resolve(Array(Number(args[2])).fill(0));
  };
  return client;
};

const CONTESTANTS = {
  'bare XREAD loop': bareLoop,
  'bare XREAD loop again': bareLoop,
  Receiver: receiver,
  'bare XREADGROUP loop': bareGroup,
  'bare XREADGROUP loop again': bareGroup,
  'Receiver, group': groupReceiverOn(openClient),
  'Receiver, group, no script': groupReceiverOn(withoutScripts),
};
type Contestant = keyof typeof CONTESTANTS;

const isOfGroup = (name: Contestant) => /group/i.test(name);

interface Report {
  /** Microseconds of CPU an entry. */
  readonly cpu: number;
  /** Microseconds of the server's CPU an entry, with the XADDs of the entries that are added meanwhile. */
  readonly server: number;
  /** Entries a second. */
  readonly rate: number;
}

async function measure(url: string, contestant: Contestant, scene: Scene): Promise<Report> {
  const writer = await createClient({ url }).connect();
  await writer.flushAll();
  const keys = Array.from({ length: scene.keys }, (_, index) => `stream:${index}`);
  const add = async (from: number, to: number) => {
    for (let at = from; at < to; at += 1_000) {
      const chunk = Array.from(
        { length: Math.min(1_000, to - at) },
        (_, index) => keys[(at + index) % keys.length]!,
      );
      await Promise.all(chunk.map((key) => writer.xAdd(key, '*', { n: VALUE })));
    }
  };
  await add(0, scene.backlog);
  // In a process of its own, so that the reader alone is measured.
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
    const child = promisify(execFile)(process.execPath, [
      ...process.execArgv,
      process.argv[1]!,
      'read',
      url,
      contestant,
      String(scene.keys),
      String(scene.entries),
    ]);
    child.then(resolve, reject);
    void add(scene.backlog, scene.entries);
  });
  await writer.close();
  return JSON.parse(stdout) as Report;
}

async function read([url, contestant, keys, entries]: readonly string[]): Promise<void> {
  const names = Array.from({ length: Number(keys) }, (_, index) => `stream:${index}`);
  let count = 0;
  let onDone!: () => void;
  const done = new Promise<void>((resolve) => (onDone = resolve));
  const admin = await openClient(url!);
  const serverCpu = async () => {
    const info = await admin.info('cpu');
    return [...info.matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)].reduce(
      (sum, [, seconds]) => sum + Number(seconds),
      0,
    );
  };
  const server = await serverCpu();
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const stop = await CONTESTANTS[contestant as Contestant](url!, names, () => {
    if (++count === Number(entries)) onDone();
  });
  await done;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1_000;
  const used = (await serverCpu()) - server;
  await stop();
  admin.destroy();
  console.log(
    JSON.stringify({ cpu: (user + system) / count, server: (used * 1e6) / count, rate: count / seconds }),
  );
}

if (process.argv[2] === 'read') await read(process.argv.slice(3));
else {
  await using server = await RedisServer.start();
  console.log(await versions(server.url));
  const names = (Object.keys(CONTESTANTS) as Contestant[]).filter((name) => !ONLY_GROUPS || isOfGroup(name));
  for (const scene of SCENES) {
    const reports = new Map(names.map((name) => [name, [] as Report[]]));
    for (let round = 0; round < ROUNDS; round++)
      for (const name of shuffled(names)) reports.get(name)!.push(await measure(server.url, name, scene));
    console.log(`\n${scene.title}, ${ROUNDS} rounds`);
    for (const [name, own] of reports) {
      const loop = reports.get(isOfGroup(name) ? 'bare XREADGROUP loop' : 'bare XREAD loop')!;
      const of = (what: keyof Report) => {
        const values = own.map((report) => report[what]);
        const ratio = ratios(
          values,
          loop.map((report) => report[what]),
        );
        return `${spread(values).median.toFixed(2)} (${ratio.median.toFixed(2)})`;
      };
      const rate = Math.round(spread(own.map((report) => report.rate)).median);
      const costs = `${of('cpu')} µs of CPU an entry, ${of('server')} of the server`;
      console.log(`${name.padEnd(28)} ${costs}, ${rate} entries a second`);
    }
  }
}
