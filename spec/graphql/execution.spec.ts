import { buildSchema, type GraphQLObjectType, parse, subscribe, type ExecutionResult } from 'graphql';
import { withFilter } from 'graphql-subscriptions';
import type { Gap } from '../../lib/index.js';
import type { RedisPubSub } from '../../lib/graphql/index.js';
import { until } from '../support/until.js';
import { PubSubFixture, take } from './pub-sub-fixture.js';

interface Paid {
  readonly orderPaid: { readonly id: number } | null;
  readonly missed?: number;
}

/** Returns a schema whose subscriptions come from a PubSub. */
function schemaOf(pubSub: RedisPubSub) {
  const schema = buildSchema(`
    type Query { ok: Boolean }
    type Order { id: Int! }
    type Subscription {
      orderPaid(above: Int): Order
      any: Order
      missed: Int
      forbidden: Order
    }
  `);
  const fields = (schema.getSubscriptionType() as GraphQLObjectType).getFields();
  fields.orderPaid!.subscribe = withFilter(
    () => pubSub.asyncIterableIterator<Paid>('orderPaid'),
    (payload?: Paid, variables?: { above?: number }) =>
      (payload?.orderPaid?.id ?? 0) > (variables?.above ?? 0),
  );
  fields.any!.subscribe = () => pubSub.asyncIterableIterator('order*', { pattern: true });
  fields.any!.resolve = (payload: Paid) => payload.orderPaid;
  fields.missed!.subscribe = () => pubSub.asyncIterator<Paid>('orderPaid');
  fields.forbidden!.subscribe = () => pubSub.asyncIterableIterator('forbidden');
  return schema;
}

/** Executes a subscription as a server does. */
async function execute(pubSub: RedisPubSub, document: string) {
  const results = await subscribe({
    schema: schemaOf(pubSub),
    document: parse(`subscription { ${document} }`),
  });
  expect(results).toHaveProperty('next');
  return results as AsyncGenerator<ExecutionResult, void, void>;
}

const paid = (id: number): Paid => ({ orderPaid: { id } });
const data = (results: readonly ExecutionResult[]) => results.map((result) => ({ ...result.data }));

describe('A GraphQL subscription', () => {
  const fixture = new PubSubFixture();

  it('yields the results of what is published, and unsubscribes when the client leaves', async () => {
    const { pubSub, subscribers, untilSubscribed } = await fixture.pubSub();
    const results = await execute(pubSub, 'orderPaid { id }');
    expect(await subscribers('orderPaid')).toBe(0);
    const first = results.next();
    await untilSubscribed('orderPaid');
    for (const id of [1, 2]) await pubSub.publish('orderPaid', paid(id));
    await first;
    expect(data(await take(results, 1))).toEqual([{ orderPaid: { id: 2 } }]);
    const pending = results.next();
    await results.return();
    await expect(pending).resolves.toEqual({ done: true, value: undefined });
    await untilSubscribed('orderPaid', 0);
  });

  it('may filter, and may subscribe a pattern', async () => {
    const { pubSub, publisher, untilSubscribed } = await fixture.pubSub();
    const filtered = await execute(pubSub, 'orderPaid(above: 2) { id }');
    const all = await execute(pubSub, 'any { id }');
    const pulls = [take(filtered, 1), take(all, 3)];
    await untilSubscribed('orderPaid');
    await until(async () => (await publisher.pubSubNumPat()) === 1);
    for (const id of [1, 2, 3]) await pubSub.publish('orderPaid', paid(id));
    const [few = [], many = []] = await Promise.all(pulls);
    expect(data(few)).toEqual([{ orderPaid: { id: 3 } }]);
    expect(data(many)).toEqual([1, 2, 3].map((id) => ({ any: { id } })));
    await filtered.return();
    await all.return();
    await untilSubscribed('orderPaid', 0);
    await until(async () => (await publisher.pubSubNumPat()) === 0);
  });

  it('ends with the error of a channel that Redis refuses', async () => {
    const { pubSub, subscriber, publisher } = await fixture.pubSub();
    await publisher.aclSetUser('reader', ['on', '>secret', '+@all', 'resetchannels']);
    await subscriber.auth({ username: 'reader', password: 'secret' });
    const results = await execute(pubSub, 'forbidden { id }');
    await expect(results.next()).rejects.toThrow('Could not subscribe to the channel "forbidden"');
    await publisher.aclDelUser('reader');
  });

  it('tells a slow client how much it has missed, while a fast one gets everything', async () => {
    const onGap = ({ dropped }: Gap): Paid => ({ orderPaid: null, missed: dropped ?? NaN });
    const { pubSub, untilSubscribed } = await fixture.pubSub({ capacity: 3, overflow: 'drop-oldest', onGap });
    const slow = await execute(pubSub, 'missed');
    const first = slow.next();
    await untilSubscribed('orderPaid');
    await pubSub.publish('orderPaid', paid(0));
    await first;
    const fast = await execute(pubSub, 'orderPaid { id }');
    const fastFirst = take(fast, 1);
    // The channel is subscribed already: the fast client receives at once.
    await pubSub.publish('orderPaid', paid(1));
    await fastFirst;
    for (let id = 2; id <= 10; id++) {
      const next = take(fast, 1);
      await pubSub.publish('orderPaid', paid(id));
      expect(data(await next)).toEqual([{ orderPaid: { id } }]);
    }
    expect(data(await take(slow, 4))).toEqual([
      { missed: 7 },
      { missed: null },
      { missed: null },
      { missed: null },
    ]);
    await slow.return();
    await fast.return();
    await untilSubscribed('orderPaid', 0);
  });
});
