import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { json, Receiver } from '../../lib/index.js';
import { instrument } from '../../lib/opentelemetry/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { ROOT } from '../support/root.js';

const NAME = 'redis.receiver.name';

class Reader extends MetricReader {
  protected onForceFlush = () => Promise.resolve();
  protected onShutdown = () => Promise.resolve();
}

function scene() {
  const reader = new Reader({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('spec');
  const metrics = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  /** Returns the values of each metric of one Receiver. */
  const valuesOf = async (name: string) =>
    Object.fromEntries(
      (await metrics()).flatMap(({ descriptor, dataPoints }) =>
        dataPoints
          .filter(({ attributes }) => attributes[NAME] === name)
          .map(({ value }) => [descriptor.name, value] as const),
      ),
    );
  return { reader, meter, metrics, valuesOf };
}

describe('instrument', () => {
  it('exports the counts of a Receiver at the time of each scrape', async () => {
    const { meter, metrics, valuesOf } = scene();
    const client = new MemoryPubSub();
    await using receiver = new Receiver(client, { capacity: 2, codec: json() });
    receiver.channel('a');
    receiver.pattern('b*');
    using _ = instrument(receiver, meter, { name: 'one' });
    await receiver.connect();
    for (const data of ['1', '{', '3', '4']) client.publish('a', data);
    await receiver.get().catch(() => undefined);
    const { stats } = receiver;
    expect(await valuesOf('one')).toEqual({
      'messaging.client.consumed.messages': stats.delivered,
      'redis.receiver.received.messages': 4,
      'redis.receiver.dropped.messages': 2,
      'redis.receiver.late.messages': 0,
      'redis.receiver.undecodable.messages': stats.undecodable,
      'redis.receiver.gaps': stats.gaps,
      'redis.receiver.queue.messages': stats.buffered,
      'redis.receiver.queue.size': stats.bufferedBytes,
      'redis.receiver.queue.high_water': 2,
      'redis.receiver.channels': 2,
    });
    client.publish('a', '5');
    expect(await valuesOf('one')).toMatchObject({ 'redis.receiver.received.messages': 5 });

    const counters = (await metrics()).filter((metric) => metric.dataPointType === DataPointType.SUM);
    expect(counters.map(({ descriptor }) => descriptor.name)).toEqual(
      Object.keys(await valuesOf('one')).filter((name) => !/queue|channels/.test(name)),
    );
  });

  it('tells Receivers apart by a name, which is the number of the call by default', async () => {
    const { meter, metrics, valuesOf } = scene();
    const client = new MemoryPubSub();
    await using first = new Receiver(client);
    await using second = new Receiver(client);
    first.channel('a');
    using _first = instrument(first, meter);
    using _second = instrument(second, meter, { name: 'second', attributes: { 'server.port': 6379 } });
    const names = (await metrics())[0]?.dataPoints.map(({ attributes }) => attributes[NAME]);
    expect(names).toEqual([expect.stringMatching(/^\d+$/), 'second']);
    expect(await valuesOf(String(names?.[0]))).toMatchObject({ 'redis.receiver.channels': 1 });
    expect(await valuesOf('second')).toMatchObject({ 'redis.receiver.channels': 0 });
    expect((await metrics())[0]?.dataPoints[1]?.attributes).toEqual({
      'server.port': 6379,
      'messaging.system': 'redis',
      'messaging.operation.name': 'receive',
      [NAME]: 'second',
    });
  });

  it('removes the metrics of one Receiver, by a call or at the end of a block', async () => {
    const { meter, valuesOf } = scene();
    await using receiver = new Receiver(new MemoryPubSub());
    using _stays = instrument(receiver, meter, { name: 'stays' });
    {
      using _ = instrument(receiver, meter, { name: 'block' });
    }
    instrument(receiver, meter, { name: 'call' })();
    expect(await valuesOf('block')).toEqual({});
    expect(await valuesOf('call')).toEqual({});
    expect(await valuesOf('stays')).not.toEqual({});
  });

  it('refuses other arguments', async () => {
    const { meter } = scene();
    await using receiver = new Receiver(new MemoryPubSub());
    expect(() => instrument({} as never, meter)).toThrow(
      'Expected the first argument of instrument() to be a Receiver',
    );
    expect(() => instrument(receiver, {} as never)).toThrow('Pass the return value of metrics.getMeter().');
    expect(() => instrument(receiver, meter, { nme: '' } as never)).toThrow("Did you mean 'name'?");
    expect(() => instrument(receiver, meter, { name: 1 as never })).toThrow("Expected the option 'name'");
    expect(() => instrument(receiver, meter, { attributes: 1 as never })).toThrow("the option 'attributes'");
  });
});

describe('the dashboard for Grafana', () => {
  const text = readFileSync(join(ROOT, 'examples/grafana/rx-redis-receiver.json'), 'utf8');
  const shown = [...new Set(text.match(/\b(messaging|redis_receiver)_\w+(?=[{,])/g))].sort();

  it('shows the metrics that Prometheus gets, and all of them', async () => {
    const { meter, reader } = scene();
    const { stats } = new Receiver(new MemoryPubSub());
    const none = { size: 0 };
    // A Receiver with topics and logs has these counts, too.
    const all = { ...stats, unmatched: 0, recovered: 0 };
    using _ = instrument({ stats: all, channels: none, patterns: none, shards: none }, meter);
    const { resourceMetrics } = await reader.collect();
    const scrape = new PrometheusSerializer().serialize(resourceMetrics);
    const exported = [...scrape.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name as string);
    expect(shown).toEqual(exported.filter((name) => name !== 'target_info').sort());
  });

  it('queries with the attributes that are exported', () => {
    const dashboard = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(8);
    expect(queries.filter((query) => !query.includes('{redis_receiver_name=~"$receiver"}'))).toEqual([]);
  });
});
