import fc from 'fast-check';
import * as v from 'valibot';
import { z } from 'zod';
import { bytes, json, Receiver, text, validated, ValidationError, type Codec } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

async function through<T>(codec: Codec<T>, payload: string | Buffer): Promise<T | undefined> {
  const client = new MemoryPubSub();
  const receiver = new Receiver<T>(client, { codec });
  receiver.channel('a');
  await receiver.connect();
  client.publish('a', payload);
  return (await receiver.get())?.data;
}

describe('text, bytes and json', () => {
  it('revives and replaces values of JSON', async () => {
    const dated = json<{ at: Date }>(
      (key, value) => (key === 'at' ? new Date(value as string) : value),
      (key, value) => (key === 'secret' ? undefined : value),
    );
    const at = new Date(0);
    const withSecret: { at: Date } = { at, secret: 'x' } as { at: Date };
    expect(dated.encode(withSecret)).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    await expect(through(dated, '{"at":"1970-01-01T00:00:00.000Z"}')).resolves.toEqual({ at });
    expect(json(undefined, ['a']).encode({ a: 1, b: 2 })).toBe('{"a":1}');
  });

  it('checks what was parsed and not what the reviver makes of it', async () => {
    const harmless = json((key, value) => (key === '__proto__' ? undefined : value));
    await expect(through(harmless, '{"__proto__":{"a":1}}')).rejects.toMatchObject({ code: 'ERR_DECODE' });
    await expect(through(harmless, '{"a":"constructor"}')).resolves.toEqual({ a: 'constructor' });
  });

  it('refuses a reviver or a replacer that is none', () => {
    expect(() => json('x' as never)).toThrow('Expected the reviver of json() to be a function');
    expect(() => json(undefined, 'x' as never)).toThrow('Expected the replacer of json() to be a function');
  });

  it('tells a codec the kind and the pattern of the subscription', async () => {
    const contexts: unknown[] = [];
    const noting: Codec<string> = {
      encode: (value) => value,
      decode: (data, channel, context) => {
        contexts.push([channel, context]);
        return data.toString();
      },
    };
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { codec: validated(v.string(), noting) });
    receiver.channel('a');
    receiver.pattern('?');
    receiver.shard('a');
    await receiver.connect();
    client.publish('a', '1');
    client.sPublish('a', '2');
    for (let i = 0; i < 3; i++) await receiver.get();
    expect(contexts).toEqual([
      ['a', { kind: 'channel', pattern: undefined }],
      ['a', { kind: 'pattern', pattern: '?' }],
      ['a', { kind: 'shard', pattern: undefined }],
    ]);
  });

  it('leave the data as it is', async () => {
    await expect(through(text, 'ä€😀')).resolves.toBe('ä€😀');
    await expect(through(bytes, Buffer.from([0, 255, 128]))).resolves.toEqual(Buffer.from([0, 255, 128]));
    await expect(through(json<{ n: number }>(), '{"n":1}')).resolves.toEqual({ n: 1 });
  });

  it('decode their own encoding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => text.decode(text.encode(value), 'a') === value),
    );
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__')),
        (value) => {
          const codec = json();
          expect(JSON.stringify(codec.decode(codec.encode(value), 'a'))).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  it('accept strings and Buffers', () => {
    expect(text.decode(Buffer.from('ä'), 'a')).toBe('ä');
    expect(bytes.decode('ä', 'a')).toEqual(Buffer.from('ä'));
    expect(json().decode(Buffer.from('[1]'), 'a')).toEqual([1]);
  });
});

const schemas = {
  zod: z.object({ id: z.string(), total: z.number() }),
  valibot: v.object({ id: v.string(), total: v.number() }),
};

describe.each(Object.entries(schemas))('validated() with %s', (_library, schema) => {
  const codec: Codec<{ id: string; total: number }> = validated(schema);

  it('accepts a valid value', async () => {
    await expect(through(codec, '{"id":"1","total":2}')).resolves.toEqual({ id: '1', total: 2 });
    expect(codec.encode({ id: '1', total: 2 })).toBe('{"id":"1","total":2}');
  });

  it('reports an invalid value as a DecodeError with the issues', async () => {
    const error = await through(codec, '{"id":"1","total":"2"}').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'ERR_DECODE',
      cause: { name: 'ValidationError', issues: [expect.anything()] },
    });
    expect((error as Error).message).toContain('total: ');
  });
});

describe('validated()', () => {
  it('returns the output of the schema', async () => {
    const schema = z.object({ at: z.string().transform((at) => new Date(at)) });
    await expect(through(validated(schema), '{"at":"2026-01-01"}')).resolves.toEqual({
      at: new Date('2026-01-01'),
    });
  });

  it('works on top of any codec', async () => {
    const codec = validated(z.string().regex(/^\d+$/).transform(Number), text as Codec<unknown>);
    await expect(through(codec, '42')).resolves.toBe(42);
    const binary = validated(z.instanceof(Buffer), bytes as Codec<unknown>);
    await expect(through(binary, Buffer.from([255]))).resolves.toEqual(Buffer.from([255]));
  });

  it('refuses an asynchronous schema', async () => {
    const schema = z.string().refine(() => Promise.resolve(true));
    await expect(through(validated(schema), '"a"')).rejects.toMatchObject({
      code: 'ERR_DECODE',
      message: expect.stringContaining('synchronous'),
    });
  });

  describe('encode', () => {
    it('refuses a value that its own decode would refuse, with the issues', () => {
      const codec = validated(z.object({ total: z.number() }));
      let error: unknown;
      try {
        codec.encode({ total: 'two' } as never);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(ValidationError);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({
        name: 'ValidationError',
        code: 'ERR_VALIDATION',
        message: expect.stringMatching(/^total: /),
        issues: [{ path: ['total'] }],
      });
    });

    it('validates the decoded payload instead of the value', () => {
      const when = validated(z.object({ at: z.string().transform((at) => new Date(at)) }));
      expect(when.encode({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
      const count = validated(z.string().transform(Number));
      expect(() => count.encode(42)).toThrow(ValidationError);
      expect(validated(z.string().transform(Number), text as Codec<unknown>).decode('42', 'a')).toBe(42);
      const date = validated(z.object({ at: z.date() }));
      expect(() => date.encode({ at: new Date(0) })).toThrow(ValidationError);
      const binary = validated(z.instanceof(Buffer), bytes as Codec<unknown>);
      expect(binary.encode(Buffer.from([255]))).toEqual(Buffer.from([255]));
    });

    it('refuses a value that the inner codec cannot decode again', () => {
      const polluted = JSON.parse('{"__proto__":{"admin":true}}') as unknown;
      expect(() => validated(z.unknown()).encode(polluted)).toThrow(SyntaxError);
    });

    it('refuses an asynchronous schema', () => {
      const schema = z.string().refine(() => Promise.resolve(true));
      expect(() => validated(schema).encode('a')).toThrow(/synchronous/);
    });

    const anyText = fc.oneof(
      fc.string(),
      fc.constantFrom('1', '12', '2026-01-01', '1970-01-01T00:00:00.000Z'),
    );
    const anything = fc.oneof(
      { weight: 3, arbitrary: anyText },
      { weight: 3, arbitrary: fc.double() },
      { weight: 2, arbitrary: fc.date({ noInvalidDate: true }) },
      fc.anything({ withDate: true, withMap: true, withNullPrototype: true }),
    );
    const record = fc.record({ id: anything, total: anything, at: anything }, { requiredKeys: [] });
    it.each<[string, z.ZodType]>([
      ['an object', z.object({ id: z.string(), total: z.number().optional() })],
      ['a strict object', z.strictObject({ id: z.string().min(1) })],
      ['a date', z.object({ at: z.date() })],
      ['a coerced date', z.object({ at: z.coerce.date() })],
      ['a transformed string', z.object({ id: z.string().transform(Number) })],
      ['a preprocessed value', z.object({ total: z.preprocess(Number, z.number().int()) })],
      ['a default', z.object({ total: z.number().default(1) })],
      ['a union', z.union([z.string(), z.number(), z.object({ id: z.string().regex(/^\d+$/) })])],
    ])('accepts of %s only the values that its decode accepts', (_, schema) => {
      const codec = validated(schema);
      fc.assert(
        fc.property(fc.oneof(record, anything), (value) => {
          let payload;
          try {
            payload = codec.encode(value);
          } catch {
            return;
          }
          codec.decode(payload, 'a');
        }),
        { numRuns: 500 },
      );
    });

    it('accepts every valid value', () => {
      const codec = validated(z.object({ id: z.string(), total: z.number().optional() }));
      fc.assert(
        fc.property(
          fc.record({ id: fc.string(), total: fc.integer() }, { requiredKeys: ['id'] }),
          (value) => {
            expect(codec.decode(codec.encode(value), 'a')).toEqual(value);
          },
        ),
      );
    });
  });

  it('refuses an argument that is not a schema', () => {
    expect(() => validated({} as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});
