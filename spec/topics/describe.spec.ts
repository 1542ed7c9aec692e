import { Parser } from '@asyncapi/parser';
import * as v from 'valibot';
import { z } from 'zod';
import {
  bytes,
  describe as describeTopics,
  json,
  text,
  topics,
  validated,
  type Codec,
} from '../../lib/index.js';

const custom: Codec<number> = { encode: String, decode: Number };
const Order = z.object({ total: z.number(), note: z.string().optional() });
const shop = topics({
  news: text,
  alarm: { data: bytes, kind: 'shard' },
  'order:{id}:{event}': {
    data: Order,
    params: { id: z.coerce.number(), event: z.enum(['paid', 'sent']).describe('what happened') },
  },
  'order.{id}.{event}': validated(Order),
  'cart:{{{user}}}': json<{ items: string[] }>(),
  'load:{host}': custom,
  'seat:{row}': v.object({ free: v.boolean() }),
});

describe('describe', () => {
  const document = describeTopics(shop, { title: 'Shop', version: '2.0.0', description: 'Orders and news.' });

  it('makes a document that the official parser takes without a diagnostic', async () => {
    const { diagnostics, document: parsed } = await new Parser().parse(JSON.stringify(document));
    const errors = diagnostics.filter(({ severity }) => (severity as number) === 0);
    expect(errors).toEqual([]);
    expect(
      parsed
        ?.channels()
        .all()
        .map((channel) => channel.address()),
    ).toEqual([
      'news',
      'alarm',
      'order:{id}:{event}',
      'order.{id}.{event}',
      'cart:%7B{user}%7D',
      'load:{host}',
      'seat:{row}',
    ]);
  });

  it('has the information', () => {
    expect(document.info).toEqual({ title: 'Shop', version: '2.0.0', description: 'Orders and news.' });
    expect(describeTopics(shop).info).toEqual({ title: 'Topics on Redis Pub/Sub', version: '1.0.0' });
  });

  it('has the template, the kind and the parameters', () => {
    expect(document.channels['order.id.event']).toMatchObject({
      'x-redis-template': 'order:{id}:{event}',
      'x-redis-kind': 'channel',
      parameters: { id: {}, event: { enum: ['paid', 'sent'], description: 'what happened' } },
    });
    expect(document.channels['order.id.event.2']).toMatchObject({ parameters: { id: {}, event: {} } });
    expect(document.channels.alarm).toMatchObject({ 'x-redis-kind': 'shard' });
    expect(document.channels.news).not.toHaveProperty('parameters');
  });

  const order = {
    type: 'object',
    properties: { total: { type: 'number' }, note: { type: 'string' } },
    required: ['total'],
  };

  it.each([
    ['news', { contentType: 'text/plain', payload: { type: 'string' } }],
    ['alarm', { contentType: 'application/octet-stream', payload: { type: 'string', format: 'binary' } }],
    ['order.id.event', { contentType: 'application/json', payload: order }],
    ['order.id.event.2', { contentType: 'application/json', payload: order }],
    ['cart.user', { contentType: 'application/json' }],
    ['load.host', { contentType: 'application/octet-stream' }],
    ['seat.row', { contentType: 'application/json' }],
  ])('describes the message of %s', (id, message) => {
    expect(document.channels[id]?.messages.message).toMatchObject(message);
    if (!('payload' in message))
      expect(document.channels[id]?.messages.message).not.toHaveProperty('payload');
  });

  it('refuses what topics() has not returned, and unknown options', () => {
    expect(() => describeTopics({} as never)).toThrow('what topics() returns');
    expect(() => describeTopics(shop, { titel: 'x' } as never)).toThrow("Did you mean 'title'?");
  });
});
