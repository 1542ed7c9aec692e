import { context, createTraceState, trace, TraceFlags, type SpanContext } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import { bytes, json, Receiver, recoverable, text, validated, type Codec } from '../../lib/index.js';
import { traced, traceLinks } from '../../lib/opentelemetry/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { z } from 'zod';

const SPAN: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};

/** Runs a function in a span. */
function within<T>(span: SpanContext | undefined, work: () => T): T {
  return span ? context.with(trace.setSpanContext(context.active(), span), work) : work();
}

const hex = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(''));
const span = fc.record({
  traceId: hex(32).filter((id) => /[^0]/.test(id)),
  spanId: hex(16).filter((id) => /[^0]/.test(id)),
  traceFlags: fc.integer({ min: 0, max: 255 }),
});
const MARKED = [
  '\0tc1 ',
  '\0tc1 \n',
  '\0tc1 \nx',
  '\0tc1 00-\n',
  `\0tc1 00-${SPAN.traceId}-${SPAN.spanId}-01\nx`,
];

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

describe('traced', () => {
  it('writes the context of the active span in the form of W3C', () => {
    const codec = traced(json<number[]>());
    const state = createTraceState('vendor=1,other=2');
    expect(within(SPAN, () => codec.encode([1]))).toBe(`\0tc1 00-${SPAN.traceId}-${SPAN.spanId}-01\n[1]`);
    expect(within({ ...SPAN, traceState: state }, () => codec.encode([1]))).toBe(
      `\0tc1 00-${SPAN.traceId}-${SPAN.spanId}-01 vendor=1,other=2\n[1]`,
    );
    expect(codec.encode([1])).toBe('[1]');
  });

  it('gives the consumer a link, of each kind of payload', async () => {
    const client = new MemoryPubSub();
    await using receiver = new Receiver(client);
    const all: readonly (readonly [string, Codec<object>, object])[] = [
      ['json', traced(json<object>()), { id: 1 }],
      ['bytes', traced(bytes), Buffer.from([0xff, 0, 10, 13])],
      ['validated', traced(validated(z.object({ id: z.number() }))), { id: 2 }],
    ];
    for (const [channel, codec] of all) receiver.channel(channel, { codec });
    await receiver.connect();
    for (const [channel, codec, value] of all) {
      client.publish(
        channel,
        within(SPAN, () => codec.encode(value)),
      );
      const message = (await receiver.get()) as { data: unknown } | undefined;
      expect(message?.data).toEqual(value);
      expect(traceLinks(message as { data: unknown })).toEqual([{ context: { ...SPAN, isRemote: true } }]);
    }
  });

  it('passes on the state of the trace', () => {
    const codec = traced(json<object>());
    const payload = within({ ...SPAN, traceState: createTraceState('vendor=1') }, () => codec.encode({}));
    const [link] = traceLinks({ data: codec.decode(payload, 'a') });
    expect(link?.context.traceState?.serialize()).toBe('vendor=1');
  });

  it('passes on a message without a context, which has no link', () => {
    const data = traced(json<object>()).decode('{"id":1}', 'a');
    expect(data).toEqual({ id: 1 });
    expect(traceLinks({ data })).toEqual([]);
    expect(traceLinks({ data: 'text' })).toEqual([]);
  });

  it('leaves a header alone that it cannot read', () => {
    const codec = traced(bytes);
    const zero = '0'.repeat(32);
    for (const start of ['\0tc1 ', '\0tc1 00-1-2-3\n', `\0tc1 ff-${SPAN.traceId}-${SPAN.spanId}-01\n`]) {
      const payload = Buffer.from(`${start}x`);
      expect(codec.decode(payload, 'a')).toEqual(payload);
    }
    const data = codec.decode(Buffer.from(`\0tc1 00-${zero}-${SPAN.spanId}-01\nx`), 'a');
    expect([String(data), traceLinks({ data })]).toEqual(['x', []]);
  });

  it('works in the envelope of a recoverable message', async () => {
    const client = new MemoryPubSub();
    await using receiver = new Receiver(client);
    const codec = traced(json<object>());
    receiver.channel('a', { codec, recover: {} });
    await receiver.connect();
    const publisher = recoverable(client);
    await within(SPAN, () => publisher.publish('a', codec.encode({ id: 1 })));
    const message = await receiver.get();
    expect(message).toMatchObject({ data: { id: 1 }, id: expect.any(String) });
    expect(traceLinks(message as { data: unknown })).toHaveLength(1);
  });

  it('returns each payload, and the context, as they were', () => {
    const binary = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.constantFrom(...MARKED).map((marked) => Buffer.from(marked)),
    );
    fc.assert(
      fc.property(binary, fc.option(span, { nil: undefined }), (payload, active) => {
        const codec = traced(bytes);
        const data = codec.decode(
          within(active, () => codec.encode(payload)),
          'a',
        );
        expect(data).toEqual(payload);
        expect(traceLinks({ data })).toEqual(active ? [{ context: { ...active, isRemote: true } }] : []);
      }),
    );
    const boxed: Codec<{ readonly text: string }> = {
      encode: ({ text: value }) => text.encode(value),
      decode: (data, channel) => ({ text: text.decode(data, channel) }),
    };
    const strings = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...MARKED));
    fc.assert(
      fc.property(strings, fc.option(span, { nil: undefined }), (payload, active) => {
        const codec = traced(boxed);
        const data = codec.decode(
          within(active, () => codec.encode({ text: payload })),
          'a',
        );
        expect(data).toEqual({ text: payload });
        expect(traceLinks({ data })).toHaveLength(active ? 1 : 0);
      }),
    );
  });

  it('refuses what is no codec', () => {
    expect(() => traced({} as never)).toThrow('Expected the codec to be an object with the functions');
  });
});
