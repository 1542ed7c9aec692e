import fc from 'fast-check';
import * as v from 'valibot';
import { z } from 'zod';
import { bytes, json, Receiver, text, validated, type Codec } from '../lib/index.js';
import { MemoryPubSub } from '../lib/testing/index.js';

async function through<T>(codec: Codec<T>, payload: string | Buffer): Promise<T | undefined> {
  const client = new MemoryPubSub();
  const receiver = new Receiver<T>(client, { codec });
  receiver.channel('a');
  await receiver.connect();
  client.publish('a', payload);
  return (await receiver.get<T>())?.data;
}

describe('text, bytes and json', () => {
  it('give back what they were given', async () => {
    await expect(through(text, 'ä€😀')).resolves.toBe('ä€😀');
    await expect(through(bytes, Buffer.from([0, 255, 128]))).resolves.toEqual(Buffer.from([0, 255, 128]));
    await expect(through(json<{ n: number }>(), '{"n":1}')).resolves.toEqual({ n: 1 });
  });

  it('decode what they encode', () => {
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

  it('take either form', () => {
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

  it('lets pass what is valid', async () => {
    await expect(through(codec, '{"id":"1","total":2}')).resolves.toEqual({ id: '1', total: 2 });
    expect(codec.encode({ id: '1', total: 2 })).toBe('{"id":"1","total":2}');
  });

  it('makes a DecodeError of what is not, with the issues', async () => {
    const error = await through(codec, '{"id":"1","total":"2"}').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'ERR_DECODE',
      cause: { name: 'ValidationError', issues: [expect.anything()] },
    });
    expect((error as Error).message).toContain('total: ');
  });
});

describe('validated()', () => {
  it('gives what the schema makes of it', async () => {
    const schema = z.object({ at: z.string().transform((at) => new Date(at)) });
    await expect(through(validated(schema), '{"at":"2026-01-01"}')).resolves.toEqual({
      at: new Date('2026-01-01'),
    });
  });

  it('stands on any codec', async () => {
    const codec = validated(z.string().regex(/^\d+$/).transform(Number), text as Codec<unknown>);
    await expect(through(codec, '42')).resolves.toBe(42);
    const binary = validated(z.instanceof(Buffer), bytes as Codec<unknown>);
    await expect(through(binary, Buffer.from([255]))).resolves.toEqual(Buffer.from([255]));
  });

  it('refuses a schema that takes its time', async () => {
    const schema = z.string().refine(() => Promise.resolve(true));
    await expect(through(validated(schema), '"a"')).rejects.toMatchObject({
      code: 'ERR_DECODE',
      message: expect.stringContaining('synchronous'),
    });
  });

  it('refuses what is no schema', () => {
    expect(() => validated({} as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});
