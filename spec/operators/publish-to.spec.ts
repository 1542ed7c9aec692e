import fc from 'fast-check';
import { createClient } from 'redis';
import {
  concatMap,
  from,
  lastValueFrom,
  map,
  NEVER,
  of,
  Subject,
  tap,
  throwError,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import type { Publisher } from '../../lib/publisher.js';
import { json } from '../../lib/codec/codec.js';
import { validated } from '../../lib/codec/validated.js';
import { BufferOverflowError, ValidationError } from '../../lib/errors/errors.js';
import { PublishError, publishTo, type PublishToOptions } from '../../lib/operators/publish-to.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';
import { z } from 'zod';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

type Reply = number | Observable<number>;

/** A publisher in memory that logs its messages, and how many of them had no reply at each call. */
class RecordingPublisher implements Required<Publisher> {
  readonly published: unknown[][] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #client: Required<Publisher>;

  constructor(reply: (message: string) => Reply = () => 1) {
    this.#client = new MemoryPubSub().publisher(({ channel, data, sharded }) => {
      this.published.push([...(sharded ? ['sharded'] : []), channel, data]);
      const answer = reply(String(data));
      if (typeof answer === 'number') return answer;
      this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
      return answer.pipe(tap(() => this.inFlight--));
    });
  }

  publish(channel: string, message: string | Buffer): Promise<number> | number {
    return this.#client.publish(channel, message);
  }

  sPublish(channel: string, message: string | Buffer): Promise<number> | number {
    return this.#client.sPublish(channel, message);
  }
}

/** Returns all values and the error of an Observable that ends synchronously. */
function collect<T>(source: Observable<T>): unknown[] {
  const list: unknown[] = [];
  source.subscribe({ next: (value) => list.push(value), error: (error) => list.push(error) });
  return list;
}

describe('publishTo', () => {
  const values = { '0': 0, '1': 1, '2': 2, '3': 3 };

  it('matches the diagram in its documentation', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc--------|');
      const sourceSubs = '^-----------!';
      const a = cold('     ------(2|)  ', values);
      const aSubs = '     -^-----!     ';
      const b = cold('      --(0|)     ', values);
      const bSubs = '     --^-!        ';
      const c = cold('       ---(1|)   ', values);
      const cSubs = '     ---^--!      ';
      const expected = '  -------(201)|';
      const replies: Record<string, Reply> = { a, b, c };
      const client = new RecordingPublisher((message) => replies[message]!);

      expectObservable(source.pipe(publishTo(client, 'news'))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(c.subscriptions).toBe(cSubs);
    });
  });

  it('sends the next message only when fewer than `concurrent` messages are unreported', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc-|        ');
      const sourceSubs = '^----!        ';
      const a = cold('     -----(2|)    ', values);
      const aSubs = '     -^----!       ';
      const b = cold('      --(0|)      ', values);
      const bSubs = '     --^-!         ';
      const c = cold('          ----(1|)', values);
      const cSubs = '     ------^---!   ';
      // The reply to b arrives at 4, but waits for a: then both slots become free.
      const expected = '  ------(20)(1|)';
      const replies: Record<string, Reply> = { a, b, c };
      const client = new RecordingPublisher((message) => replies[message]!);

      expectObservable(source.pipe(publishTo(client, 'news', { concurrent: 2 }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(c.subscriptions).toBe(cSubs);
    });
  });

  it('reports an immediate reply in the same frame', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-(cd)-|');
      const subs = '      ^---------!';
      const expected = '  -3-3-(33)-|';

      expectObservable(source.pipe(publishTo(new RecordingPublisher(() => 3), 'news'))).toBe(
        expected,
        values,
      );
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('fails at the place of the failed message, and publishes no other', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abcd-e---|');
      const sourceSubs = '^------!   ';
      const a = cold('     ------(2|)', values);
      const b = cold('      -#       ', values);
      const c = cold('       ----(1|)', values);
      const d = cold('        --     ', values);
      const e = cold('          --   ', values);
      const dSubs: string[] = [];
      const expected = '  -------(2#)';
      const replies: Record<string, Reply> = { a, b, c, d, e };
      const client = new RecordingPublisher((message) => replies[message]!);

      const error = new PublishError('news', { cause: 'error' });
      expectObservable(source.pipe(publishTo(client, 'news'))).toBe(expected, values, error);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(d.subscriptions).toBe(dSubs);
      expectSubscriptions(e.subscriptions).toBe(dSubs);
    });
  });

  it('publishes to one channel, to a channel for each value, and to sharded channels', () => {
    const client = new RecordingPublisher();
    const publish = (...args: Parameters<typeof publishTo<string>>): unknown[] =>
      collect(of('a', 'b').pipe(publishTo(...args)));
    expect(publish(client, '')).toEqual([1, 1]);
    publish(client, (value) => `to ${value}`);
    publish(client, 'shard', { sharded: true });
    expect(client.published).toEqual([
      ['', 'a'],
      ['', 'b'],
      ['to a', 'a'],
      ['to b', 'b'],
      ['sharded', 'shard', 'a'],
      ['sharded', 'shard', 'b'],
    ]);
  });

  it('encodes with its codec', () => {
    const client = new RecordingPublisher();
    collect(of({ x: 1 }).pipe(publishTo(client, 'news', { codec: json() })));
    expect(client.published).toEqual([['news', '{"x":1}']]);
  });

  it('keeps subscriptions independent', () => {
    const first = new Subject<number>();
    const replies: Reply[] = [first, 5];
    const client = new RecordingPublisher(() => replies.shift() ?? 0);
    const operator = publishTo(client, 'news');
    const a = collect(of('a').pipe(operator));
    const b = collect(of('b').pipe(operator));
    expect([a, b]).toEqual([[], [5]]);
    first.next(4);
    expect([a, b]).toEqual([[4], [5]]);
  });

  it('queues values meanwhile, within the default bounds', () => {
    const source = new Subject<string>();
    const list = collect(
      source.pipe(publishTo(new RecordingPublisher(() => NEVER), 'news', { concurrent: 1 })),
    );
    for (let i = 0; i < 1 + 16_384; i++) source.next('x');
    expect(list).toEqual([]);
    source.next('x');
    expect(list).toEqual([new BufferOverflowError({ dropped: 1, bound: 'capacity', limit: 16_384 })]);
  });

  it('does not grow the stack with immediate replies', () => {
    const source = new Subject<string>();
    let reported = 0;
    source.pipe(publishTo(new RecordingPublisher(), 'news', { concurrent: 2 })).subscribe(() => {
      if (++reported < 100_000) source.next('again');
    });
    source.next('first');
    expect(reported).toBe(100_000);
  });

  describe('when a function throws', () => {
    const boom = new Error('boom');
    const fail = (): never => {
      throw boom;
    };
    const error = (client: Publisher, options?: PublishToOptions<string>): unknown =>
      collect(of('a').pipe(publishTo(client, 'news', options))).at(-1);
    const named = expect.objectContaining({
      name: 'PublishError',
      code: 'ERR_PUBLISH',
      channel: 'news',
      cause: boom,
      message: expect.stringMatching(/^Could not publish to the channel "news" \(boom\)\. /) as string,
    }) as unknown;

    it('emits an error that names the channel', () => {
      expect(error({ publish: fail })).toEqual(named);
      expect(error({ publish: () => 1, sPublish: fail }, { sharded: true })).toEqual(named);
      expect(error(new RecordingPublisher(), { codec: { encode: fail, decode: String } })).toEqual(named);
      expect(error(new RecordingPublisher(() => throwError(() => boom)))).toEqual(named);
    });

    it('reports the earlier successes', () => {
      const first = new Subject<number>();
      const replies = [first];
      const client: Publisher = new RecordingPublisher(() => replies.shift() ?? fail());
      const list = collect(of('a', 'b').pipe(publishTo(client, 'news')));
      expect(list).toEqual([]);
      first.next(2);
      expect(list).toEqual([2, expect.any(PublishError)]);
    });

    it('passes on an error of the channel function unchanged', () => {
      expect(collect(of('a').pipe(publishTo(new RecordingPublisher(), fail)))).toEqual([boom]);
    });

    it('refuses a channel that is not a string', () => {
      const [refusal] = collect(of('a').pipe(publishTo(new RecordingPublisher(), () => 7 as never)));
      expect(refusal).toBeInstanceOf(TypeError);
      expect(String(refusal)).toContain('what the channel function returns to be a string, got 7');
    });
  });

  it('ignores the messages in flight once it is unsubscribed', () => {
    const [late, lost] = [new Subject<number>(), new Subject<number>()];
    const replies = [late, lost];
    const source = new Subject<string>();
    const list: unknown[] = [];
    const client = new RecordingPublisher(() => replies.shift() ?? 0);
    const subscription = source
      .pipe(publishTo(client, 'news'))
      .subscribe((receivers) => list.push(receivers));
    source.next('a');
    source.next('b');
    subscription.unsubscribe();
    late.next(1);
    lost.error(new Error('connection lost'));
    expect(list).toEqual([]);
    expect(source.observed).toBe(false);
  });

  it('refuses invalid arguments at once', () => {
    const client = new RecordingPublisher();
    const refusal = (...args: unknown[]): unknown => {
      try {
        return (publishTo as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        return error;
      }
    };
    const refused = (message: RegExp): unknown =>
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(message) as string,
      });

    expect(refusal(undefined, 'news')).toEqual(refused(/the client .* function publish, got undefined/));
    expect(refusal({}, 'news')).toEqual(refused(/the client/));
    expect(refusal({ publish: () => 1 }, 'news', { sharded: true })).toEqual(refused(/function sPublish/));
    expect(refusal(client, undefined)).toEqual(refused(/the channel .*, got undefined/));
    expect(refusal(client, Buffer.from('news'))).toEqual(refused(/the channel/));
    expect(refusal(client, 'news', { codec: {} })).toEqual(refused(/the codec/));
    expect(refusal(client, 'news', { concurrent: 0 })).toEqual(refused(/'concurrent' .*, got 0/));
    expect(refusal(client, 'news', { concurrent: Infinity })).toEqual(
      refused(/'concurrent' .*, got Infinity/),
    );
  });

  it('keeps the order and the bound, for any replies', () => {
    /** The frames before each message, and before its reply; null: an immediate reply. */
    const plans = fc.array(fc.record({ gap: fc.nat(3), latency: fc.option(fc.nat(9)) }), { maxLength: 30 });
    const losses = fc.option(fc.nat(29), { nil: Infinity });
    const limits = fc.integer({ min: 1, max: 5 });

    fc.assert(
      fc.property(plans, losses, limits, (plan, lost, concurrent) => {
        const list: unknown[] = [];
        const client = new RecordingPublisher((message) => {
          const id = Number(message);
          const latency = plan[id]?.latency ?? null;
          if (latency === null && id !== lost) return id;
          return timer(latency ?? 0).pipe(map(() => (id === lost ? fail(id) : id)));
        });
        const fail = (id: number): never => {
          throw new Error(`lost ${String(id)}`);
        };
        marbles(() => {
          from(plan.keys())
            .pipe(
              concatMap((id) => timer(plan[id]?.gap ?? 0).pipe(map(() => String(id)))),
              publishTo(client, 'news', { concurrent }),
            )
            .subscribe({
              next: (receivers) => list.push(receivers),
              error: (error: PublishError) => list.push(error.cause),
              complete: () => list.push('complete'),
            });
        });
        const ids = [...plan.keys()];
        const isLost = lost < plan.length;
        expect(list).toEqual(
          isLost ? [...ids.slice(0, lost), new Error(`lost ${String(lost)}`)] : [...ids, 'complete'],
        );
        expect(client.mostInFlight).toBeLessThanOrEqual(concurrent);
        const sent = client.published.map(([, message]) => Number(message));
        expect(sent).toEqual(ids.slice(0, sent.length));
      }),
      { numRuns: 500 },
    );
  });

  describe('on a real Redis', () => {
    const redis = sharedRedis();

    it('reports the numbers of receivers in order', async () => {
      const client = await createClient({ url: redis.url }).connect();
      const subscriber = await createClient({ url: redis.url }).connect();
      const received: string[] = [];
      await subscriber.subscribe('odd', (message) => received.push(message));
      const numbers = Array.from({ length: 1_000 }, (_, index) => index);

      const reports = from(numbers).pipe(
        publishTo(client, (value) => (value % 2 ? 'odd' : 'even'), { codec: json(), concurrent: 10 }),
        toArray(),
      );
      await expect(lastValueFrom(reports)).resolves.toEqual(numbers.map((value) => value % 2));
      await until(() => received.length === 500);
      expect(received).toEqual(numbers.filter((value) => value % 2).map(String));

      client.destroy();
      subscriber.destroy();
    });

    it('publishes Buffers, and to sharded channels', async () => {
      const client = await createClient({ url: redis.url }).connect();
      const subscriber = await createClient({ url: redis.url }).connect();
      const received: Buffer[] = [];
      await subscriber.sSubscribe('shard', (message) => received.push(message), true);
      const payload = Buffer.from([0, 255, 128]);
      const codec = {
        encode: (value: Buffer) => value,
        decode: (data: string | Buffer) => Buffer.from(data),
      };

      const reports = of(payload).pipe(publishTo(client, 'shard', { codec, sharded: true }));
      await expect(lastValueFrom(reports)).resolves.toBe(1);
      await until(() => received.length === 1);
      expect(received).toEqual([payload]);

      client.destroy();
      subscriber.destroy();
    });

    it('publishes no value that a reader with the same codec would refuse', async () => {
      const client = await createClient({ url: redis.url }).connect();
      const subscriber = await createClient({ url: redis.url }).connect();
      const received: string[] = [];
      await subscriber.subscribe('checked', (message) => received.push(message));
      const codec = validated(z.object({ total: z.number().positive() }));

      const reports: number[] = [];
      const error: unknown = await new Promise((resolve) => {
        from([{ total: 1 }, { total: -1 }, { total: 2 }])
          .pipe(publishTo(client, 'checked', { codec, concurrent: 1 }))
          .subscribe({ next: (receivers) => reports.push(receivers), error: resolve });
      });
      expect(error).toBeInstanceOf(PublishError);
      expect(error).toMatchObject({ code: 'ERR_PUBLISH', cause: { issues: [{ path: ['total'] }] } });
      expect((error as PublishError).cause).toBeInstanceOf(ValidationError);
      expect(reports).toEqual([1]);
      await client.publish('checked', 'the last');
      await until(() => received.at(-1) === 'the last');
      expect(received).toEqual(['{"total":1}', 'the last']);

      client.destroy();
      subscriber.destroy();
    });

    it('fails with the reason when the client is closed', async () => {
      const client = await createClient({ url: redis.url }).connect();
      client.destroy();
      const error: unknown = await lastValueFrom(of('x').pipe(publishTo(client, 'news'))).catch(
        (e: unknown) => e,
      );
      expect(error).toMatchObject({ code: 'ERR_PUBLISH', channel: 'news', cause: { name: 'Error' } });
    });
  });
});
