import type { Observable } from 'rxjs';
import {
  json,
  keyspace,
  Receiver,
  text,
  topics,
  type KeyEvent,
  type KeyNotification,
  type SubkeyNotification,
} from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isType = <T extends true>(proof?: T) => expect(proof).toBeUndefined();
const typeOf = <T>(_observable: Observable<T>) => undefined as T;

describe('keyspace()', () => {
  it('has the types of its options, with any Receiver', () => {
    const receiver = new Receiver(new MemoryPubSub());
    const all = typeOf(keyspace(receiver));
    isType<Equal<typeof all, KeyNotification>>();
    const two = typeOf(keyspace(receiver, { events: ['set', 'mine'], binary: true }));
    isType<Equal<typeof two, KeyNotification<Buffer, 'set' | 'mine'>>>();
    const subkeys = typeOf(keyspace(receiver, { events: 'hset', subkeys: true }));
    isType<Equal<typeof subkeys, SubkeyNotification<string, 'hset'>>>();
    const events: readonly KeyEvent[] = ['expired'];
    keyspace(new Receiver(new MemoryPubSub(), { codec: json<{ a: number }>() }), {
      events,
      keys: ['a', Buffer.from('b')],
    });
    keyspace(new Receiver(new MemoryPubSub(), { topics: topics({ news: text, 'a:{id}': text }) }));
    // @ts-expect-error A database is a number.
    expect(() => keyspace(receiver, { db: '0' })).toThrow(TypeError);
  });
});
