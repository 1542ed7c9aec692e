const assert = require('node:assert/strict');

assert.throws(() => require.resolve('redis'), { code: 'MODULE_NOT_FOUND' });
const { Receiver } = require('rx-redis-receiver');
assert.equal(typeof Receiver, 'function');
