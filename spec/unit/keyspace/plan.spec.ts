import { planOf } from '../../../lib/keyspace/plan.js';
import { lackOf } from '../../../lib/keyspace/flags.js';
import type { KeyspaceOptions } from '../../../lib/index.js';

const namesOf = (options: KeyspaceOptions, db: number | 'all' = 0) =>
  planOf(options, db).sources.map(({ kind, name }) => `${kind} ${name}`);

/** Returns the subscriptions that take the event of a key. */
const takers = (options: KeyspaceOptions, key: Buffer, event = 'set') =>
  planOf(options, 0)
    .sources.filter(({ takes }) => takes({ key, event, db: 0, subkeys: undefined }))
    .map(({ name }) => name);

describe('the plan of keyspace()', () => {
  it.each([
    [{}, ['pattern __keyevent@0__:*']],
    [{ keys: '*' }, ['pattern __keyspace@0__:*']],
    [{ keys: 'a', events: 'set' }, ['channel __keyspace@0__:a']],
    [{ keys: ['a', 'b', 'a'], events: 'set' }, ['channel __keyspace@0__:a', 'channel __keyspace@0__:b']],
    [{ keys: 'a*', events: ['set', 'set'] }, ['channel __keyevent@0__:set']],
    [{ keys: 'a*', events: ['set', 'del'] }, ['pattern __keyspace@0__:a*']],
    [
      { keys: ['a*', 'b*'], events: ['set', 'del'] },
      ['channel __keyevent@0__:set', 'channel __keyevent@0__:del'],
    ],
    [{ keys: ['ab', 'a*', 'b'] }, ['pattern __keyspace@0__:a*', 'channel __keyspace@0__:b']],
    [{ keys: '\\*\\a' }, ['channel __keyspace@0__:*a']],
    [{ keys: '\\**' }, ['pattern __keyspace@0__:\\**']],
    [{ keys: 'a\\' }, ['channel __keyspace@0__:a\\']],
    [{ keys: Buffer.from('[ü]') }, ['channel __keyspace@0__:[ü]']],
    [{ keys: Buffer.from([0x2a, 0xff]) }, ['pattern __keyspace@0__:\\*?']],
    [{ keys: '' }, ['channel __keyspace@0__:']],
    [{ keys: 'a', subkeys: true }, ['channel __subkeyspace@0__:a']],
    [{ subkeys: true }, ['pattern __subkeyevent@0__:*']],
  ] as const)('subscribes %j', (options, names) => {
    expect(namesOf(options)).toEqual(names);
  });

  it('escapes an exact key in the pattern of all databases', () => {
    expect(namesOf({ keys: ['a\\*', 'b?'] }, 'all')).toEqual([
      'pattern __keyspace@*__:b?',
      'pattern __keyspace@*__:a\\*',
    ]);
  });

  it('takes the key of several globs from one of them', () => {
    const [ff, fe] = [Buffer.from([0xff]), Buffer.from([0xfe])];
    const keys = [ff, fe, '*a', 'a*', '?'];
    expect(takers({ keys }, ff)).toEqual(['__keyspace@0__:?']);
    expect(takers({ keys }, fe)).toEqual(['__keyspace@0__:?']);
    expect(takers({ keys }, Buffer.from('aba'))).toEqual(['__keyspace@0__:*a']);
    expect(takers({ keys: [ff, '*'] }, fe)).toEqual(['__keyspace@0__:*']);
    expect(takers({ keys: [ff, '*'] }, ff)).toEqual(['__keyspace@0__:?']);
    expect(takers({ keys: '*' }, Buffer.alloc(0))).toEqual(['__keyspace@0__:*']);
  });

  it.each([
    ['', { events: 'expired' }, 'Ex', 'Ex'],
    ['A', { keys: 'a' }, 'K', 'KA'],
    ['g$lshzxetdK', { events: ['new'] }, 'En', 'KEg$lshzxetdn'],
    ['AKE', { events: ['new', 'overwritten', 'type_changed'] }, undefined, undefined],
    ['AKE', { events: 'keymiss' }, 'm', 'KEAm'],
    ['Ah', { subkeys: true, events: 'hset' }, 'T', 'TA'],
    ['E', { events: 'json.set' }, 'A', 'EA'],
  ] as const)('finds that %j lacks a flag for %j', (configured, options, missing, needed) => {
    expect(lackOf(configured, planOf(options, 0))).toEqual(missing && { missing, needed });
  });
});
