import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

assert.throws(() => createRequire(import.meta.url).resolve('redis'), { code: 'MODULE_NOT_FOUND' });
const { Receiver } = await import('rx-redis-receiver');
assert.equal(typeof Receiver, 'function');
