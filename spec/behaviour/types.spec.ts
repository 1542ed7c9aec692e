import { of, type Observable, type OperatorFunction } from 'rxjs';
import * as redis5 from 'redis-5';
import * as redis6 from 'redis';
import {
  bytes,
  json,
  mergeMapBounded,
  Receiver,
  type Channel,
  type StreamFields,
  type SubscriptionKind,
  type Gap,
  type Message,
  type Publisher,
  type PubSubClient,
  type ReceiverEvent,
} from '../../lib/index.js';
import type { GroupCommands } from '../../lib/groups/group-commands.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Parameter<K extends keyof PubSubClient, N extends number> = Parameters<
  Extract<PubSubClient[K], (...args: never[]) => unknown>
>[N];
const isTrue = <_T extends true>() => undefined;

/** Never runs: the code must compile, except the lines under `@ts-expect-error`. */
export async function compiles(): Promise<void> {
  const clients = [
    redis6.createClient(),
    redis6.createClient({ RESP: 2 }),
    redis6.createClient({ RESP: 3 }),
    redis6.createCluster({ rootNodes: [] }),
    redis6.createSentinel({ name: 'a', sentinelRootNodes: [] }),
    redis5.createClient(),
    redis5.createClient({ RESP: 3 }),
    redis5.createCluster({ rootNodes: [] }),
    redis5.createSentinel({ name: 'a', sentinelRootNodes: [] }),
  ] satisfies PubSubClient[] & Publisher[];
  new MemoryPubSub() satisfies GroupCommands;
  for (const client of clients) new Receiver(client);
  isTrue<Equal<Parameters<Parameter<'subscribe', 1>>[0], string | Buffer>>();
  isTrue<Equal<Parameters<Parameter<'on', 1>>[0], unknown>>();

  const receiver = new Receiver(new MemoryPubSub());
  isTrue<Equal<typeof receiver, Receiver>>();
  isTrue<Equal<typeof receiver.channels, ReadonlyMap<string, Channel>>>();
  // @ts-expect-error the maps are read-only
  receiver.channels.set('a', receiver.channel('a'));
  // @ts-expect-error a name is a string
  receiver.channel(Buffer.from('a'));
  const numbers = receiver.channel('numbers', { codec: json<number>() });
  isTrue<Equal<typeof numbers, Channel<number>>>();
  const entries = receiver.stream('entries', { from: 'start', batch: 10 });
  isTrue<Equal<typeof entries, Channel<StreamFields>>>();
  const fields = receiver.stream('fields', { field: 'n' });
  isTrue<Equal<typeof fields, Channel>>();
  const counts = receiver.stream('counts', { field: 'n', codec: json<number>() });
  isTrue<Equal<typeof counts, Channel<number>>>();
  isTrue<Equal<typeof receiver.streams, ReadonlyMap<string, Channel<unknown>>>>();
  // @ts-expect-error a codec decodes a field
  receiver.stream('a', { codec: json<number>() });
  // @ts-expect-error fields are read-only
  entries.subscribe(({ data }) => (data.n = ''));
  receiver satisfies Observable<Message>;
  receiver.channel('a') satisfies Observable<Message>;
  // @ts-expect-error such a policy there is not
  new Receiver(new MemoryPubSub(), { overflow: 'drop-latest' });
  // @ts-expect-error messages are read-only
  receiver.subscribe((message) => (message.data = ''));

  const orders = new Receiver(new MemoryPubSub(), { codec: json<{ id: string }>() });
  isTrue<Equal<typeof orders, Receiver<{ id: string }>>>();
  const mixed = new Receiver<unknown>(new MemoryPubSub());
  isTrue<Equal<Channel<Buffer>, ReturnType<typeof mixed.channel<Buffer>>>>();
  mixed.channel('a', { codec: bytes }).subscribe(({ data }) => data.byteLength);
  const message = await mixed.get({ codec: json<{ id: string }>() });
  isTrue<Equal<typeof message, Message<{ id: string }> | undefined>>();
  for await (const { data } of orders) data.id satisfies string;
  await using own = await Receiver.open();
  isTrue<Equal<typeof own, Receiver>>();
  await Receiver.open({ RESP: 2, url: 'redis://localhost' }, { codec: bytes });
  await Receiver.open({ rootNodes: [{ url: 'redis://localhost' }], defaults: { pingInterval: 1 } });
  await Receiver.open({ sentinelRootNodes: [{ host: 'a', port: 1 }], name: 'main' }, { heartbeat: 1_000 });
  // @ts-expect-error a node has a port
  await Receiver.open({ sentinelRootNodes: [{ host: 'a' }], name: 'main' });
  // @ts-expect-error the master has a name
  await Receiver.open({ sentinelRootNodes: [{ host: 'a', port: 1 }] });
  isTrue<Equal<Message['source'], Channel>>();
  isTrue<Equal<Channel['kind'], SubscriptionKind | 'stream'>>();
  const merged = mergeMapBounded((n: number) => (n > 0 ? of('a') : Promise.resolve(n)));
  isTrue<Equal<typeof merged, OperatorFunction<number, string | number>>>();
  const describe = (event: ReceiverEvent): Gap | string => (event.type === 'gap' ? event.gap : event.type);
  own.events.subscribe(describe);
}

it('declares types that match every client of node-redis 5 and 6', () => {
  // This file compiles, so the types match; the test checks that the members exist at run time.
  for (const client of [redis6.createClient(), redis5.createClient()]) {
    expect(() => new Receiver(client)).not.toThrow();
  }
});
