import fc from 'fast-check';
import * as v from 'valibot';
import { z } from 'zod';
import { escapeGlob, json, text, topics, ValidationError } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { compileGlob } from '../../lib/glob.js';

const events = topics({
  news: text,
  'order:{id}:{event}': { data: json(), params: { id: z.coerce.number() } },
  'room.{room}.{seat}': text,
  'cart:{{{user}}}:items': text,
  'log:{path}': { data: text, params: { path: z.string().regex(/^[a-z:]+$/) } },
  'a*b?[c]\\{x}': text,
});

describe('a template', () => {
  it.each([
    ['news', undefined, 'news'],
    ['order:{id}:{event}', { id: 7, event: 'paid' }, 'order:7:paid'],
    ['order:{id}:{event}', { id: 7, event: 'a:b%c' }, 'order:7:a%3Ab%25c'],
    ['room.{room}.{seat}', { room: 'a.b', seat: 'c' }, 'room.a%2Eb.c'],
    ['cart:{{{user}}}:items', { user: 'a}b' }, 'cart:{a%7Db}:items'],
    ['log:{path}', { path: 'a:b' }, 'log:a:b'],
    ['a*b?[c]\\{x}', { x: '*' }, 'a*b?[c]\\*'],
  ] as const)('%s makes a name of %j: %s', (template, params, name) => {
    const made = events.name(template as 'news', ...((params ? [params] : []) as []));
    expect(made).toBe(name);
    expect(events.parse(template, name)).toEqual(params ?? {});
  });

  it.each([
    ['order:{id}:{event}', undefined, 'order:*:*'],
    ['order:{id}:{event}', { id: 7 }, 'order:7:*'],
    ['order:{id}:{event}', { event: '*' }, 'order:*:\\*'],
    ['a*b?[c]\\{x}', {}, 'a\\*b\\?\\[c\\]\\\\*'],
    ['cart:{{{user}}}:items', {}, 'cart:{*}:items'],
  ] as const)('%s makes a glob of %j: %s', (template, params, glob) => {
    expect(events.glob(template, params as never)).toBe(glob);
  });

  it.each([
    ['order:{id}:{event}', 'order:7:paid:twice'],
    ['order:{id}:{event}', 'order::paid'],
    ['order:{id}:{event}', 'order:seven:paid'],
    ['order:{id}:{event}', 'xorder:7:paid'],
    ['room.{room}.{seat}', 'room.a:b.c'],
    ['log:{path}', 'log:A'],
    ['news', 'newsletter'],
  ] as const)('%s does not match %s', (template, name) => {
    expect(events.parse(template, name)).toBeUndefined();
  });

  it('keeps an escape of other code that it would not have written', () => {
    expect(events.parse('order:{id}:{event}', 'order:7:50%3a%41%')).toEqual({ id: 7, event: '50%3a%41%' });
  });

  it('parses the names that it makes, and its glob matches them, for random parameters', () => {
    const value = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/\p{Surrogate}/u.test(text));
    const separator = fc.constantFrom(':', '.', '/', '-', '^', ']', '→', '😀', '}}', '{{', '*', ' ', 'ab');
    fc.assert(
      fc.property(
        fc.string(),
        separator,
        separator,
        value,
        value,
        fc.boolean(),
        (prefix, one, two, a, b, end) => {
          const literal = prefix.replace(/[{}]/g, '$&$&').replace(/\p{Surrogate}/gu, '');
          const template = `${literal}{a}${one}{b}${end ? two : ''}`;
          const declared = topics({ [template]: text });
          const name = declared.name(template, { a, b });
          expect(declared.parse(template, name)).toEqual({ a, b });
          const matches = compileGlob(declared.glob(template, { a }));
          expect(matches(Buffer.from(name))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('bad input', () => {
  it.each([
    ['order:{id', "The brace '{' has no partner"],
    ['order:id}', "The brace '}' has no partner"],
    ['order:{}', "The name of the parameter ''"],
    ['order:{a b}', "The name of the parameter 'a b'"],
    ['order:{__proto__}', "The name of the parameter '__proto__'"],
    ['{a}:{a}', "The parameter 'a' occurs twice"],
    ['{a}{b}', "Nothing separates the parameter 'b'"],
    ['\ud800', 'lone surrogate'],
    ['{a}%{b}', "A '%' cannot follow a parameter"],
  ])('refuses the template %j', (template, message) => {
    expect(() => topics({ [template]: text })).toThrow(message);
  });

  it.each([
    ['a declaration that is no codec', { a: 1 }, 'Expected the declaration of the topic "a" to be a codec'],
    ['data that is no codec', { a: { data: {} } }, 'Expected the codec to be an object'],
    ['an unknown option', { a: { data: text, parms: {} } }, "Did you mean 'params'?"],
    ['an unknown kind', { a: { data: text, kind: 'pattern' } }, "to be 'channel' or 'shard'"],
    [
      'a parameter that the template lacks',
      { 'a:{id}': { data: text, params: { Id: z.string() } } },
      "Did you mean 'id'?",
    ],
    ['a parameter without a schema', { 'a:{id}': { data: text, params: { id: String } } }, 'Standard Schema'],
  ])('refuses %s', (_, declarations, message) => {
    expect(() => topics(declarations as never)).toThrow(message);
  });

  it('refuses topics that are no object', () => {
    expect(() => topics(null as never)).toThrow('Expected the topics to be an object');
  });

  it.each([
    ['a missing parameter', { id: 7 }, "Add 'event'."],
    ['an empty parameter', { id: 7, event: '' }, 'at least one character'],
    ['a parameter without a text', { id: 7, event: {} }, 'a string, a number'],
    ['a lone surrogate', { id: 7, event: '\ud800' }, 'without lone surrogates'],
    ['a parameter that its schema refuses', { id: 'x', event: 'paid' }, 'as its schema has it'],
    ['an unknown parameter', { id: 7, event: 'paid', user: 'a' }, 'Expected a parameter of the topic'],
    ['no object', 7, 'to be an object'],
  ])('refuses a name with %s', (_, params, message) => {
    expect(() => events.name('order:{id}:{event}', params as never)).toThrow(message);
  });

  it('names the issues of the schema', () => {
    expect.assertions(1);
    try {
      events.glob('order:{id}:{event}', { id: NaN });
    } catch (error) {
      expect((error as Error).cause).toBeInstanceOf(ValidationError);
    }
  });

  it('refuses a topic that is not declared', () => {
    expect(() => events.name('orders:{id}:{event}' as 'news')).toThrow("Did you mean 'order:{id}:{event}'?");
  });

  it('takes a parameter with the name of a method of every object', () => {
    const declared = topics({ 'a:{constructor}': text });
    expect(declared.glob('a:{constructor}', {})).toBe('a:*');
    expect(() => declared.name('a:{constructor}', {} as never)).toThrow("Add 'constructor'.");
    expect(declared.parse('a:{constructor}', 'a:b')).toEqual({ constructor: 'b' });
  });
});

describe('escapeGlob', () => {
  it('makes a glob that matches nothing but the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (literal, other) => {
        const matches = compileGlob(escapeGlob(literal));
        expect(matches(Buffer.from(literal))).toBe(true);
        expect(matches(Buffer.from(other))).toBe(Buffer.from(literal).equals(Buffer.from(other)));
      }),
    );
  });

  it('refuses what is no string', () => {
    expect(() => escapeGlob(1 as never)).toThrow('Expected the literal of a glob to be a string');
  });
});

describe('overlapping topics', () => {
  let warn: jest.SpyInstance;

  beforeEach(() => (warn = jest.spyOn(process, 'emitWarning').mockImplementation()));
  afterEach(() => warn.mockRestore());

  it.each([
    ['a literal in a parameter', { 'order:{id}': text, 'order:new': text }, 1],
    [
      'a literal that the schema refuses',
      { 'order:{id}': { data: text, params: { id: z.coerce.number() } }, 'order:new': text },
      0,
    ],
    ['parameters at different places', { '{a}:x': text, 'y:{b}': text }, 1],
    ['the same names', { 'a:{x}': text, 'a:{y}': text }, 1],
    ['different prefixes', { 'a:{x}': text, 'b:{x}': text }, 0],
    ['different numbers of parts', { 'a:{x}': text, 'a:{x}:{y}': text }, 0],
    ['parts of a word', { 'a{x}d': text, 'ab{x}': text }, 1],
    ['different ends', { 'a:{x}b': text, 'a:{x}c': text }, 0],
    ['different kinds', { 'a:{x}': text, 'a:b': { data: text, kind: 'shard' } }, 0],
  ] as const)('are found for %s', (_, declarations, count) => {
    expect(topics(declarations as never).overlaps).toHaveLength(count);
  });

  it('cause a warning when they are declared', () => {
    topics({ 'order:{id}': text, 'order:new': text });
    expect(warn.mock.calls).toEqual([
      [
        'The topics "order:{id}" and "order:new" have names in common: a Receiver of both gets such a message twice.',
        expect.objectContaining({ type: 'TopicOverlapWarning' }),
      ],
    ]);
  });
});

describe('a publisher', () => {
  const Order = v.object({ total: v.number() });
  const shop = topics({
    news: text,
    'order:{id}': { data: Order },
    'jobs:{region}': { data: text, kind: 'shard' },
  });

  it('publishes to the channel of the parameters, by the codec and the kind of the topic', async () => {
    const client = new MemoryPubSub();
    const received: string[] = [];
    const listen = (message: string | Buffer, channel: string | Buffer) =>
      void received.push(`${channel.toString()} ${message.toString()}`);
    await client.subscribe(['news', 'order:a%3Ab'], listen);
    await client.sSubscribe('jobs:eu', listen);
    const publisher = shop.publisher(client);

    await expect(publisher.publish('news', 'hello')).resolves.toBe(1);
    await expect(publisher.publish('order:{id}', { id: 'a:b' }, { total: 3 })).resolves.toBe(1);
    await expect(publisher.publish('jobs:{region}', { region: 'eu' }, 'run')).resolves.toBe(1);
    await expect(publisher.publish('jobs:{region}', { region: 'us' }, 'run')).resolves.toBe(0);
    expect(received).toEqual(['news hello', 'order:a%3Ab {"total":3}', 'jobs:eu run']);
  });

  it('publishes nothing that its declaration refuses', async () => {
    const published: unknown[] = [];
    const publisher = shop.publisher({ publish: (...message) => published.push(message) });
    await expect(publisher.publish('order:{id}', { id: '1' }, { total: 'x' } as never)).rejects.toThrow(
      ValidationError,
    );
    await expect(publisher.publish('order:{id}', {} as never, { total: 1 })).rejects.toThrow("Add 'id'.");
    await expect(publisher.publish('orders' as 'news', 'x')).rejects.toThrow('one of those declared');
    const withParams = [{ id: 1 }, 'x'] as unknown as ['x'];
    await expect(publisher.publish('news', ...withParams)).rejects.toThrow('among its own (none)');
    await expect(publisher.publish('jobs:{region}', { region: 'eu' }, 'x')).rejects.toThrow('sPublish');
    expect(published).toEqual([]);
  });

  it('refuses a client that cannot publish', () => {
    expect(() => shop.publisher({} as never)).toThrow('one with the function publish');
  });
});
