const assert = require('node:assert/strict');

assert.throws(() => require.resolve('@nestjs/common'), { code: 'MODULE_NOT_FOUND' });
assert.equal(typeof require('rx-redis-receiver').Receiver, 'function');
