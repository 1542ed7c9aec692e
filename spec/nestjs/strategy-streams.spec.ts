import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { finalize, firstValueFrom, from, NEVER, startWith, Subject, type Observable } from 'rxjs';
import { ask, NestFixture } from '../support/nest-fixture.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { until } from '../support/until.js';

/** Longer than a test takes: a server that waited this long would fail its test. */
const LONG = 600_000;
const CLOSED = { status: 'error', message: 'The server was closed before this was complete.' };

describe('A reply stream of a ReceiverStrategy', () => {
  const nest = new NestFixture();
  let started: unknown[];
  let ended: unknown[];
  let source: Subject<string>;

  beforeEach(() => {
    started = [];
    ended = [];
    source = new Subject();
  });

  @Controller()
  class Streams {
    @MessagePattern('endless')
    endless(@Payload() data: unknown): Observable<unknown> {
      started.push(data);
      return source.pipe(
        startWith('first'),
        finalize(() => ended.push(data)),
      );
    }

    @MessagePattern('silent')
    silent(@Payload() data: unknown): Observable<unknown> {
      started.push(data);
      return NEVER;
    }

    @MessagePattern('later')
    later(@Payload() data: unknown): Promise<Observable<string>> {
      started.push(data);
      return firstValueFrom(source).then((text) => from([text, 'and more']));
    }

    @MessagePattern('sum')
    sum(@Payload() numbers: number[]): number {
      return numbers.reduce((sum, number) => sum + number, 0);
    }

    @EventPattern('event')
    event(@Payload() data: unknown): Observable<unknown> {
      started.push(data);
      return source;
    }
  }

  /** Collects the replies and the error; resolves at the first reply. */
  async function replies(client: ClientProxy, pattern: string, data: unknown) {
    const received: unknown[] = [];
    const subscription = client.send<unknown>(pattern, data).subscribe({
      next: (reply) => received.push(reply),
      error: (error: unknown) => received.push(error),
      complete: () => received.push('complete'),
    });
    await until(() => received.length > 0);
    return { received, subscription };
  }

  it('occupies no slot once it has begun', async () => {
    await nest.serve(Streams, { concurrent: 1, drainTimeout: LONG });
    const client = await nest.proxy();
    const first = await replies(client, 'endless', 1);
    const second = await replies(client, 'endless', 2);
    await expect(ask(client, 'sum', [1, 2])).resolves.toEqual([3]);
    source.next('more');
    source.complete();
    for (const { received } of [first, second]) {
      await until(() => received.at(-1) === 'complete');
      expect(received).toEqual(['first', 'more', 'complete']);
    }
  });

  it('lets the next message of its key start once it has begun', async () => {
    await nest.serve(Streams, { key: () => 'one', drainTimeout: LONG });
    const client = await nest.proxy();
    await replies(client, 'endless', 1);
    await expect(ask(client, 'sum', [1, 2])).resolves.toEqual([3]);
    const later = ask(client, 'later', 2);
    const sum = ask(client, 'sum', [3, 4]);
    await until(() => started.includes(2));
    source.next('now');
    await expect(Promise.all([later, sum])).resolves.toEqual([['now', 'and more'], [7]]);
    source.complete();
  });

  it('differs from the stream of an event, which lets the next one start when it completes', async () => {
    await nest.serve(Streams, { concurrent: 1 });
    const client = await nest.bare();
    await client.publish('event', '1');
    await client.publish('event', '2');
    await until(() => source.observed);
    expect(started).toEqual([1]);
    source.next('not the end');
    source.complete();
    await until(() => started.length === 2);
  });

  it('that never begins causes one warning per episode: all slots are busy, and messages wait', async () => {
    const { app } = await nest.serve(Streams, { concurrent: 2, drainTimeout: 0 });
    const client = await nest.bare();
    for (let id = 1; id <= 5; id++) {
      await client.publish('silent', JSON.stringify({ data: id, id: String(id) }));
    }
    await until(() => nest.log.of('warn').length > 0);
    await app.close();
    expect(nest.log.of('warn')).toEqual([
      "warn All 2 slots for messages are busy, and 3 messages wait: handlers that never end hold them up, or 'concurrent' is too low",
      'warn Closed with messages that were not handled within 0 ms',
    ]);
  });

  it('is unsubscribed when a reply reaches no client', async () => {
    const { app } = await nest.serve(Streams, { drainTimeout: LONG });
    const client = await nest.proxy();
    const { subscription } = await replies(client, 'endless', 1);
    subscription.unsubscribe();
    const admin = await nest.bare();
    await until(async () => (await admin.pubSubNumSub('endless.reply'))['endless.reply'] === 0);
    expect(ended).toEqual([]);
    source.next('to nobody');
    await until(() => ended.length === 1);
    await app.close();
  });

  it('continues while another client listens to the replies', async () => {
    await nest.serve(Streams);
    const left = await replies(await nest.proxy(), 'endless', 'left');
    const { received } = await replies(await nest.proxy(), 'endless', 'stays');
    left.subscription.unsubscribe();
    source.next('more');
    await until(() => received.includes('more'));
    expect(ended).toEqual([]);
  });

  it('ends with an error at once when the server closes', async () => {
    const { app } = await nest.serve(Streams, { drainTimeout: LONG });
    const { received } = await replies(await nest.proxy(), 'endless', 1);
    await app.close();
    await until(() => received.length === 2);
    expect(received).toEqual(['first', CLOSED]);
    expect(ended).toEqual([1]);
    expect(nest.log.of('warn')).toEqual([]);
  });

  it('that has not begun when the server closes may run to its end', async () => {
    const { app } = await nest.serve(Streams, { drainTimeout: LONG });
    const client = await nest.proxy();
    const admin = await nest.bare();
    const answer = ask(client, 'later', 1);
    await until(() => started.length === 1);
    const closed = app.close();
    await until(async () => (await admin.pubSubNumSub('later')).later === 0);
    source.next('late');
    await expect(answer).resolves.toEqual(['late', 'and more']);
    await closed;
  });

  it('continues if the publisher may not count every receiver', async () => {
    const published: string[] = [];
    const publish = (_: string, text: string) => {
      published.push((JSON.parse(text) as { response: string }).response);
      return Promise.resolve(0);
    };
    await nest.serve(Streams, { client: await nest.bare(), publisher: { publish } });
    await (await nest.bare()).publish('endless', JSON.stringify({ data: 1, id: 'x' }));
    for (const reply of ['first', 'second', 'third']) {
      await until(() => published.at(-1) === reply);
      source.next(reply === 'first' ? 'second' : 'third');
    }
    expect(ended).toEqual([]);
  });

  it('continues if a node of a cluster counts only its own listeners', async () => {
    const redis = await RedisCluster.start({ replicas: 0 });
    nest.closeLater(() => redis[Symbol.asyncDispose]());
    const [first, second] = redis.nodes;
    await nest.serve(Streams, { redis: `redis://127.0.0.1:${first!.server.port}` });
    const received: unknown[] = [];
    await second!.admin.subscribe('endless.reply', (text) =>
      received.push((JSON.parse(text) as { response: unknown }).response),
    );
    await second!.admin.publish('endless', JSON.stringify({ data: 1, id: 'x' }));
    await until(() => received.includes('first'));
    source.next('second');
    await until(() => received.includes('second'));
    expect(ended).toEqual([]);
    source.complete();
  }, 60_000);
});
