import { join } from 'node:path';
import { temporaryFolder } from '../scripts/temporary-folder.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { handlerCost } from './handler-cost.js';
import { latency } from './latency.js';
import { messageCost, type Cell } from './message-cost.js';
import { readOptions, type Part } from './options.js';
import { save } from './save.js';
import { takeSnapshot } from './snapshot.js';
import { idleMemory, recovery, subscribeCost } from './subscribe-cost.js';
import { print, type Table } from './table.js';
import { versions } from './versions.js';

const options = readOptions();
const { payload, channels, byPattern } = options;
const checkouts = options.compare === undefined ? ['.'] : ['.', options.compare];

const CELL: Cell = { payload, channels, byPattern };
const OTHER_CELLS: readonly Cell[] = [
  { payload, channels: 1, byPattern: false },
  { payload, channels: 10_000, byPattern: false },
  { payload, channels, byPattern: true },
  { payload: 16, channels, byPattern: false },
  { payload: 4_096, channels, byPattern: false },
];

using folder = temporaryFolder();
const snapshots = checkouts.map((checkout, index) =>
  takeSnapshot(checkout, join(folder.path, String(index))),
);
// The benchmark measures a subscriber that lags behind: the server must not disconnect it.
await using redis = await RedisServer.start({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });

const PARTS: Readonly<Record<Part, readonly (() => Promise<readonly Table[]>)[]>> = {
  messages: [CELL, ...(options.isGrid ? OTHER_CELLS : [])].map(
    (cell) => () => messageCost(options, redis.url, snapshots, cell),
  ),
  latency: [() => latency(options, redis.url, snapshots)],
  handlers: [() => handlerCost(options, snapshots)],
  subscribing: [() => subscribeCost(options, redis.url, snapshots)],
  memory: [() => idleMemory(options, redis.url, snapshots)],
  recovery: [() => recovery(options, redis.url, snapshots)],
};

console.log(await versions(redis.url));
const measured: Table[] = [];
for (const measure of options.parts.flatMap((part) => PARTS[part])) {
  const tables = await measure();
  for (const table of tables) print(table);
  measured.push(...tables);
}
if (options.save !== undefined) await save(measured, options.save);
