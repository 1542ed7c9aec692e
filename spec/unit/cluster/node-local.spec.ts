import { isNodeLocal } from '../../../lib/cluster/node-local.js';

describe('a name of keyspace notifications', () => {
  it.each([
    ['channel', '__keyspace@0__:a'],
    ['channel', '__keyevent@11__:set'],
    ['channel', '__subkeyspace@0__:a'],
    ['channel', '__subkeyevent@0__:hset'],
    ['channel', '__subkeyspaceitem@0__:a\nb'],
    ['channel', '__subkeyspaceevent@0__:hset|a'],
    ['pattern', '__keyspace@*__:*'],
    ['pattern', '__key*__:*'],
    ['pattern', '__keyevent?0__:set'],
    ['pattern', '__subkey*'],
  ] as const)('is a %s %j', (kind, name) => {
    expect(isNodeLocal(kind, name)).toBe(true);
  });

  it.each([
    ['shard', '__keyspace@0__:a'],
    ['channel', '__keyring'],
    ['channel', '__key*'],
    ['pattern', '__keyring:*'],
    ['pattern', '*'],
    ['pattern', '__*'],
    ['channel', 'keyspace@0'],
  ] as const)('is not a %s %j', (kind, name) => {
    expect(isNodeLocal(kind, name)).toBe(false);
  });
});
