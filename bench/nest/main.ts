import { join } from 'node:path';
import { temporaryFolder } from '../../scripts/temporary-folder.js';
import { RedisServer } from '../../spec/support/redis-server.js';
import { readOptions } from '../options.js';
import { takeSnapshot } from '../snapshot.js';
import { eventCost } from './event-cost.js';

using folder = temporaryFolder();
const snapshot = takeSnapshot('.', join(folder.path, '0'));
// A subscriber that lags behind is what is measured: the server must not cut it off.
await using redis = await RedisServer.start({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });

await eventCost(readOptions(), redis.url, snapshot);
