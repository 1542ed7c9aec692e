import { of, type Observable } from 'rxjs';
import { z } from 'zod';
import {
  bytes,
  hydrate,
  json,
  mergeMapBounded,
  publishTo,
  Receiver,
  text,
  topics,
  type Channel,
  type Message,
  type MessageOf,
  type ReceiverOf,
  type TopicMessage,
} from '../../lib/index.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <_T extends true>() => undefined;

interface Order {
  id: number;
  total: number;
}
interface Job {
  readonly run: string;
}

/** No parameters. */
// eslint-disable-next-line @typescript-eslint/consistent-indexed-object-style
type None = { readonly [_ in never]: never };

const OrderSchema = z.object({ id: z.number(), total: z.number() });
const events = topics({
  news: text,
  'order:{id}:{event}': { data: OrderSchema, params: { id: z.coerce.number<string>() } },
  'jobs:{region}': { data: json<Job>(), kind: 'shard' },
  'cart:{{user}}': bytes,
});

const client = new MemoryPubSub();
const order: Order = { id: 7, total: 12 };

/** Never runs: the code must compile, except the lines under `@ts-expect-error`. */
export async function theCodecDecides(): Promise<void> {
  // @ts-expect-error without a codec, data is a string
  new Receiver<Order>(client);
  // @ts-expect-error without a codec, data is a string
  new Receiver<Order>(client, { capacity: 1 });
  // @ts-expect-error without a codec, data is a string
  await Receiver.open<Order>('redis://localhost');
  // @ts-expect-error without a codec, data is a string
  await Receiver.open<Order>();
  new Receiver<Order>(client, { codec: json() });
  const unknowns = new Receiver<unknown>(client);
  // @ts-expect-error without a codec, a Channel has the type of the Receiver
  unknowns.channel<Order>('x');
  // @ts-expect-error without a codec, data is a string
  await unknowns.get<Order>();
  isTrue<Equal<Awaited<ReturnType<typeof unknowns.get>>, Message<unknown> | undefined>>();

  const receiver = new Receiver(client, { capacity: 10, overflow: 'drop-oldest' });
  isTrue<Equal<typeof receiver, Receiver>>();
  const orders = receiver.channel('orders', { codec: json<Order>() });
  isTrue<Equal<typeof orders, Channel<Order>>>();
  isTrue<Equal<ReturnType<typeof receiver.pattern>, Channel>>();
  receiver.shard('x', { codec: bytes, keep: true }).subscribe(({ data }) => data.byteLength);
  receiver.subscribe(({ data }) => data.toUpperCase());
  for await (const { data } of orders) data.total satisfies number;
  for await (const { data } of receiver) data satisfies string;
  const taken = await receiver.get({ codec: json<Order>() });
  isTrue<Equal<typeof taken, Message<Order> | undefined>>();
  const signal = AbortSignal.timeout(1_000);
  await receiver.get({ signal });
  await receiver.connect({ signal });
  await orders.whenSubscribed({ signal });

  const opened = await Receiver.open(undefined, { codec: json<Order>(), onRetry: ({ attempt }) => attempt });
  isTrue<Equal<typeof opened, Receiver<Order>>>();
  isTrue<Equal<ReturnType<typeof opened.channel>, Channel<Order>>>();

  of(order).pipe(publishTo(client, 'orders', { codec: json() }));
  of('a').pipe(publishTo(client, (value) => value.toUpperCase()));
  // @ts-expect-error an Order needs a codec
  of(order).pipe(publishTo(client, 'orders'));

  // @ts-expect-error a Receiver without topics
  receiver.topic('news');
  marbles(({ receiver: tested, publish }) => {
    isTrue<Equal<typeof tested, Receiver>>();
    publish('a', '-a', { a: 'text' });
    // @ts-expect-error data is a string
    publish('a', '-a', { a: 1 });
  });
  marbles<Order>(({ publish }) => publish('a', '-a', { a: order }), { codec: json() });
  // @ts-expect-error data is a string
  marbles<Order>(({ publish }) => publish('a', '-a', { a: order }));
}

/** Never runs. */
export async function topicsGiveTheTypes(): Promise<void> {
  const receiver = await Receiver.open('redis://localhost', { topics: events });
  isTrue<Equal<typeof receiver, ReceiverOf<typeof events>>>();
  isTrue<
    Equal<
      MessageOf<typeof events>,
      | TopicMessage<'news', None, string>
      | TopicMessage<
          'order:{id}:{event}',
          { readonly id: number; readonly event: string },
          { id: number; total: number }
        >
      | TopicMessage<'jobs:{region}', { readonly region: string }, Job>
      | TopicMessage<'cart:{{user}}', None, Buffer>
    >
  >();
  receiver.subscribe((message) => {
    isTrue<Equal<typeof message, MessageOf<typeof events>>>();
    switch (message.topic) {
      case 'order:{id}:{event}':
        message.params.id satisfies number;
        message.params.event satisfies string;
        message.data satisfies Order;
        isTrue<Equal<typeof message.channel, `order:${string}:${string}`>>();
        break;
      case 'jobs:{region}':
        message.data satisfies Job;
        isTrue<Equal<typeof message.params.region, string>>();
        break;
      case 'cart:{{user}}':
        isTrue<Equal<typeof message.channel, 'cart:{user}'>>();
        break;
      case 'news':
        isTrue<Equal<typeof message.channel, 'news'>>();
        // @ts-expect-error news has no parameters
        String(message.params.id);
    }
  });
  for await (const message of receiver) if (message.topic === 'news') message.data satisfies string;
  const taken = await receiver.get();
  if (taken?.topic === 'jobs:{region}') taken.data.run satisfies string;

  const orders = receiver.topic('order:{id}:{event}');
  orders.subscribe(({ data, params }) => [data.total, params.id.toFixed()]);
  receiver.topic('order:{id}:{event}', { id: 7 }, { keep: true });
  receiver.topic('order:{id}:{event}', { id: 7, event: 'paid' });
  for await (const { params } of orders) params.event satisfies string;
  // @ts-expect-error the id is a number
  receiver.topic('order:{id}:{event}', { id: '7' });
  // @ts-expect-error there is no such topic
  receiver.topic('orders');
  // @ts-expect-error there is no such parameter
  receiver.topic('order:{id}:{event}', { ID: 7 });
  // @ts-expect-error shards have no patterns
  receiver.topic('jobs:{region}');
  receiver.topic('jobs:{region}', { region: 'eu' }).subscribe(({ data }) => data.run);
  receiver.topic('news');
  receiver satisfies Observable<MessageOf<typeof events>>;
  receiver satisfies Observable<Message<unknown>>;
  const untyped: Receiver<unknown> = receiver;
  untyped.subscribe();

  hydrate(receiver, () => of(1)).subscribe((part) => {
    if (part.kind === 'message' && part.message.topic === 'news') part.message.data satisfies string;
  });
  hydrate(orders, () => of(1)).subscribe((part) => {
    if (part.kind === 'message') part.message.params.id satisfies number;
  });
  receiver
    .pipe(
      mergeMapBounded((message) => of(message.topic), {
        concurrent: 10,
        key: (message) => (message.topic === 'order:{id}:{event}' ? message.params.id : message.channel),
      }),
    )
    .subscribe((topic) => topic satisfies keyof typeof events.declarations);

  const publisher = events.publisher(client);
  await publisher.publish('order:{id}:{event}', { id: 7, event: 'paid' }, order);
  await publisher.publish('news', 'hello');
  // @ts-expect-error an Order has a total
  await publisher.publish('order:{id}:{event}', { id: 7, event: 'paid' }, { id: 7 });
  // @ts-expect-error a parameter is missing
  await publisher.publish('order:{id}:{event}', { id: 7 }, order);
  // @ts-expect-error news has no parameters
  await publisher.publish('news', {}, 'hello');
  of(order).pipe(
    publishTo(
      client,
      events.channel('order:{id}:{event}', ({ id }) => ({ id, event: 'paid' })),
    ),
  );
  of('a').pipe(publishTo(client, events.channel('news')));
  // @ts-expect-error an Order is no text
  of(order).pipe(publishTo(client, events.channel('news')));
  isTrue<Equal<ReturnType<typeof events.name<'order:{id}:{event}'>>, `order:${string}:${string}`>>();
  events.parse('order:{id}:{event}', 'order:7:paid')?.id satisfies number | undefined;

  // @ts-expect-error the template has no parameter `ID`
  topics({ 'order:{id}': { data: text, params: { ID: z.string() } } });
  // @ts-expect-error the schema refuses every text
  topics({ 'order:{id}': { data: text, params: { id: z.number() } } });
  topics({ 'order:{id}': { data: text, params: { id: z.enum(['a', 'b']) } } });
  topics({ 'order:{id}': { data: text, params: { id: z.coerce.number() } } });
  // @ts-expect-error there is no such kind
  topics({ 'order:{id}': { data: text, kind: 'pattern' } });

  marbles(
    ({ publish, receiver: tested }) => {
      publish('order:{id}:{event}', { id: 7, event: 'paid' }, '-a', { a: order });
      publish('news', '-a');
      // @ts-expect-error an Order needs a value
      publish('order:{id}:{event}', { id: 7, event: 'paid' }, '-a');
      tested.subscribe((message) => message.topic);
    },
    { topics: events },
  );
}

it('compiles', () => {
  expect(events.overlaps).toEqual([]);
});
