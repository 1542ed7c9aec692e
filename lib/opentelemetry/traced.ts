import { context, isSpanContextValid, trace, type Link, type SpanContext } from '@opentelemetry/api';
import type { Codec } from '../index.js';
import { assertCodec, decodeWith } from '../internal.js';
import { header, readHeader } from './trace-context.js';

/** The links, by the decoded object of a message. */
const links = new WeakMap<object, SpanContext>();

/**
 * Returns a codec whose payloads carry the context of the active span, as `traceparent` and `tracestate` of W3C. The consumer
 * gets it as a link, by {@link traceLinks}, and not as a parent: a message may have many consumers, or wait for a long time.
 *
 * ```ts
 * const codec = traced(json<Order>());
 * const orders = receiver.channel('orders', { codec });
 * orders.subscribe((message) => {
 *   const span = tracer.startSpan('process orders', { links: traceLinks(message) });
 *   // …
 *   span.end();
 * });
 * ```
 *
 * A payload without a context passes unchanged, in both directions. Consumers without this codec cannot read a payload with
 * one: change the consumers before the publishers. Put `traced` outermost, as in `traced(validated(Order))`, because the link
 * belongs to the object that the codec returns. A payload of text alone is no object, and cannot carry a link.
 *
 * @param codec encodes and decodes the payload
 * @typeParam T the type of the payloads: objects, among them Buffers
 */
export function traced<T extends object>(codec: Codec<T>): Codec<T> {
  assertCodec(codec);
  return {
    binary: codec.binary === true,
    encode(value) {
      const payload = codec.encode(value);
      const span = trace.getSpanContext(context.active());
      const start = header(span && isSpanContextValid(span) ? span : undefined, payload);
      if (start === '') return payload;
      return typeof payload === 'string' ? start + payload : Buffer.concat([Buffer.from(start), payload]);
    },
    decode(data, channel, decodeContext) {
      const read = readHeader(data);
      const value = decodeWith(codec, read?.payload ?? data, channel, decodeContext);
      if (read?.span && isObject(value)) links.set(value, read.span);
      return value;
    },
  };
}

/**
 * Returns the link to the span in which a message was published, in a list for the option `links` of a span; an empty list if
 * the message has none.
 *
 * @param message a message of a Channel with the codec {@link traced}
 */
export function traceLinks(message: { readonly data: unknown }): Link[] {
  const { data } = message;
  const span = isObject(data) ? links.get(data) : undefined;
  return span ? [{ context: span }] : [];
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
