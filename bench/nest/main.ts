import { join } from 'node:path';
import { temporaryFolder } from '../../scripts/temporary-folder.js';
import { RedisServer } from '../../spec/support/redis-server.js';
import { readOptions } from '../options.js';
import { takeSnapshot } from '../snapshot.js';
import { eventCost } from './event-cost.js';

using folder = temporaryFolder();
const snapshot = takeSnapshot('.', join(folder.path, '0'));
// The benchmark measures a subscriber that lags behind: the server must not disconnect it.
await using redis = await RedisServer.start({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });

await eventCost(readOptions(), redis.url, snapshot);
