import { retry } from 'rxjs';
import { keyspace, Receiver, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';

describe('keyspace() on the Redis in memory', () => {
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
