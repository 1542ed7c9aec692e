import { RedisPubSub as OtherPubSub } from 'graphql-redis-subscriptions';
import { RedisPubSub } from '../../lib/graphql/index.js';
import { until } from '../support/until.js';
import { PubSubFixture } from './pub-sub-fixture.js';

/** The payloads arrive as they are, or as JSON changes them. */
const PAYLOADS = ['text', '7', 7, null, true, [1, 'b'], { order: { id: 7, at: '2026-01-01' } }, 'ü 😀'];

describe('A RedisPubSub, and one of graphql-redis-subscriptions,', () => {
  const fixture = new PubSubFixture();

  const createOther = () => {
    const { hostname: host, port } = new URL(fixture.redis.url);
    // Without the check, which ioredis sends although it has subscribed meanwhile.
    const other = new OtherPubSub({ connection: { host, port: Number(port), enableReadyCheck: false } });
    fixture.closeLater(() => other.close());
    return other;
  };

  it('understand each other', async () => {
    const ours = new RedisPubSub({ connection: fixture.redis.url });
    const other = createOther();
    fixture.closeLater(() => ours.close());
    const received: Record<string, unknown[]> = { ours: [], other: [], pattern: [], otherPattern: [] };
    const into = (name: string) => (payload: unknown) => void received[name]!.push(payload);
    await ours.subscribe('a', into('ours'));
    await ours.subscribe('?', into('pattern'), { pattern: true });
    await other.subscribe('a', into('other'));
    await other.subscribe('?', into('otherPattern'), { pattern: true });
    for (const payload of PAYLOADS) await ours.publish('a', payload);
    for (const payload of PAYLOADS) await other.publish('a', payload);
    const all = [...PAYLOADS, ...PAYLOADS];
    await until(() => Object.values(received).every(({ length }) => length === all.length));
    expect(received).toEqual({ ours: all, other: all, pattern: all, otherPattern: all });
  });

  it('differ in what is published for undefined', async () => {
    const other = createOther();
    const { pubSub } = await fixture.pubSub();
    const received: unknown[] = [];
    await pubSub.subscribe('a', (payload) => received.push(payload));
    await other.publish('a', undefined);
    await until(() => received.length === 1);
    expect(received).toEqual(['']);
    await expect(pubSub.publish('a', undefined)).rejects.toThrow(TypeError);
  });
});
