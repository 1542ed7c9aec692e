import { join } from 'node:path';
import { temporaryFolder } from '../scripts/temporary-folder.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { messageCost } from './message-cost.js';
import { readOptions } from './options.js';
import { takeSnapshot } from './snapshot.js';
import { subscribeCost } from './subscribe-cost.js';

const options = readOptions();
const checkouts = options.compare === undefined ? ['.'] : ['.', options.compare];

using folder = temporaryFolder();
const snapshots = checkouts.map((checkout, index) =>
  takeSnapshot(checkout, join(folder.path, String(index))),
);
// A subscriber that lags behind is what is measured: the server must not cut it off.
await using redis = await RedisServer.start({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });

await messageCost(options, redis.url, snapshots);
await subscribeCost(options, redis.url, snapshots);
