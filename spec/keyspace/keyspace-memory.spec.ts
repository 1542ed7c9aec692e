import { retry, type Observable } from 'rxjs';
import {
  json,
  keyspace,
  Receiver,
  text,
  topics,
  type KeyEvent,
  type KeyNotification,
  type ReceiverEvent,
  type SubkeyNotification,
} from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isType = <T extends true>(proof?: T) => expect(proof).toBeUndefined();
const typeOf = <T>(_observable: Observable<T>) => undefined as T;

describe('keyspace() on the Redis in memory', () => {
  it('has the types of its options, with any Receiver', () => {
    const receiver = new Receiver(new MemoryPubSub());
    const all = typeOf(keyspace(receiver));
    isType<Equal<typeof all, KeyNotification<string, KeyEvent>>>();
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

  it('reports published notifications, through an outage and a retry', () => {
    const redis = new MemoryPubSub();
    const receiver = new Receiver(redis, { onGap: 'error' });
    const events: ReceiverEvent['type'][] = [];
    receiver.events.subscribe(({ type }) => events.push(type));
    const seen: string[] = [];
    keyspace(receiver, { keys: ['a*', 'b'] })
      .pipe(retry())
      .subscribe(({ event, key }) => seen.push(`${event} ${key}`));
    redis.publish('__keyspace@0__:a1', 'set');
    redis.publish('__keyspace@1__:a1', 'set');
    redis.publish('__keyspace@0__:b', 'del');
    redis.disconnect();
    redis.publish('__keyspace@0__:b', 'missed');
    redis.reconnect();
    redis.publish('__keyspace@0__:b', 'set');
    expect(seen).toEqual(['set a1', 'del b', 'set b']);
    expect(events.filter((type) => type === 'gap')).toHaveLength(1);
    expect(events).not.toContain('unchecked');
  });

  it('gives an error that is final to each observer, and ends retry()', async () => {
    const redis = new MemoryPubSub();
    const receiver = new Receiver(redis);
    const errors: string[] = [];
    keyspace(receiver, { keys: ['a', 'b'] })
      .pipe(retry())
      .subscribe({ error: (error: Error) => errors.push(error.name) });
    redis.giveUp(new Error('gone'));
    await until(() => errors.length > 0);
    expect(errors).toEqual(['ConnectionLostError']);
  });

  it('reports a refused subscription, and subscribes the others no longer', () => {
    const redis = new MemoryPubSub();
    redis.forbidden.add('__keyspace@0__:b');
    const receiver = new Receiver(redis);
    const errors: string[] = [];
    keyspace(receiver, { keys: ['a', 'b'] }).subscribe({
      error: (error: Error) => errors.push(error.message),
    });
    expect(errors).toEqual([expect.stringContaining('__keyspace@0__:b')]);
  });
});
