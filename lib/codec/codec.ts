import type { ChannelKind } from '../channel-kind.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { parseJson } from './parse-json.js';
import { isWellFormed } from './well-formed.js';

/** The subscription through which a payload came. */
export interface DecodeContext {
  /** The kind of the subscription. */
  readonly kind: ChannelKind;
  /** The glob, if the payload came through a pattern. */
  readonly pattern?: string | undefined;
}

/**
 * A codec, which turns values into payloads and back. Both directions are synchronous: a promise would lose the order of the
 * messages. An error that `decode` throws reaches the consumer as a {@link DecodeError}, and nothing else.
 */
export interface Codec<T> {
  /** True if `decode` takes the payload as a Buffer; otherwise it takes a string, decoded from UTF-8. */
  readonly binary?: boolean;
  /** Returns the payload to publish. An error that it throws is the cause of a {@link PublishError}. */
  encode(value: T): string | Buffer;
  /**
   * Returns the value of a payload that was published to `channel`, and came through the subscription that `context` names;
   * without `context`, no message is decoded, but an encoded payload is checked. An error that `decode` throws is the cause
   * of a {@link DecodeError}.
   */
  decode(data: string | Buffer, channel: string, context?: DecodeContext): T;
}

/** The payload as a string: the default. Bytes that are not UTF-8 become U+FFFD; `bytes` keeps them. */
export const text: Codec<string> = {
  encode(value) {
    if (typeof value !== 'string')
      throw invalidArgument('the value', 'a string', value, 'Choose another codec.');
    if (!isWellFormed(value)) throw invalidArgument('the value', 'a string without lone surrogates', value);
    return value;
  },
  decode: (data) => (typeof data === 'string' ? data : data.toString()),
};

/** The payload as a Buffer, byte for byte. */
export const bytes: Codec<Buffer> = {
  binary: true,
  encode: (value) => value,
  decode: (data) => (typeof data === 'string' ? Buffer.from(data) : data),
};

/**
 * Returns a codec for payloads in JSON.
 *
 * ```ts
 * const orders = receiver.channel('orders', { codec: json<Order>() });
 * ```
 *
 * The type is the publisher's promise, which is not checked; {@link validated} checks it. An object with the key
 * `__proto__`, or with a `constructor` that has a `prototype`, causes a {@link DecodeError}: carelessly merged into another
 * object, it would change the prototype of all objects.
 *
 * ```ts
 * const isDate = (key: string) => key.endsWith('At');
 * const events = json<Event>((key, value) => (isDate(key) ? new Date(value as string) : value));
 * ```
 *
 * @param reviver transforms what is parsed, as in `JSON.parse`
 * @param replacer selects or transforms what is encoded, as in `JSON.stringify`
 */
export function json<T = unknown>(reviver?: JsonReviver, replacer?: JsonReplacer): Codec<T> {
  if (reviver === undefined && replacer === undefined) return JSON_CODEC as Codec<T>;
  assertOptional('the reviver of json()', reviver, 'a function', isFunction);
  const isReplacer = (value: unknown) => isFunction(value) || Array.isArray(value);
  assertOptional('the replacer of json()', replacer, 'a function, or a list of keys', isReplacer);
  return jsonCodec(reviver, replacer) as Codec<T>;
}

/** The second argument of `JSON.parse`. */
export type JsonReviver = (this: unknown, key: string, value: unknown) => unknown;
/** The second argument of `JSON.stringify`: a function, or the keys to keep. */
export type JsonReplacer = ((this: unknown, key: string, value: unknown) => unknown) | (string | number)[];

function jsonCodec(reviver?: JsonReviver, replacer?: JsonReplacer): Codec<unknown> {
  return {
    encode(value) {
      // The overloads of JSON.stringify take a function or a list, and not their union.
      const encoded = JSON.stringify(value, replacer as never) as string | undefined;
      if (encoded === undefined) throw invalidArgument('the value', 'one that JSON can carry', value);
      return encoded;
    },
    decode: (data) => parseJson(typeof data === 'string' ? data : data.toString(), reviver),
  };
}

const JSON_CODEC = jsonCodec();

function assertOptional(
  what: string,
  value: unknown,
  expected: string,
  isValid: (value: unknown) => boolean,
): void {
  if (value !== undefined && !isValid(value)) throw invalidArgument(what, expected, value);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

export function assertCodec(codec: unknown): asserts codec is Codec<unknown> {
  const candidate = codec as Partial<Codec<unknown>> | null | undefined;
  if (typeof candidate?.encode !== 'function' || typeof candidate.decode !== 'function') {
    throw invalidArgument('the codec', 'an object with the functions encode and decode', codec);
  }
  if (isAsync(candidate.encode) || isAsync(candidate.decode)) {
    throw invalidArgument(
      'the codec',
      'synchronous',
      codec,
      'Do what takes time in the stream, with mergeMap.',
    );
  }
}

function isAsync(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}

/** Decodes a payload, and refuses a promise. */
export function decodeWith<T>(
  codec: Codec<T>,
  data: string | Buffer,
  channel: string,
  context?: DecodeContext,
): T {
  const input = codec.binary === true ? toBuffer(data) : toText(data);
  const value = codec.decode(input, channel, context);
  if (isPromiseLike(value)) {
    value.then(undefined, () => undefined);
    throw invalidArgument(
      "what the codec's decode returns",
      'a value',
      value,
      'Do what takes time in the stream.',
    );
  }
  return value;
}

function toBuffer(data: string | Buffer): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function toText(data: string | Buffer): string {
  return typeof data === 'string' ? data : data.toString();
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
