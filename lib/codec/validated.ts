import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertCodec, decodeWith, json, type Codec } from './codec.js';
import { ValidationError } from '../errors/errors.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/**
 * Checks each decoded value against a schema of any library that implements Standard Schema (zod, valibot, arktype and
 * others), and gives what the schema makes of it. A value that fails is a {@link DecodeError}, whose cause is a
 * {@link ValidationError} with the issues. A schema that validates asynchronously is refused: it would lose the order of
 * the messages.
 *
 * `encode` refuses what `decode` would refuse, with a {@link ValidationError}: it reads back what it has written. Encoding
 * therefore costs a decoding too.
 *
 * ```ts
 * const Order = z.object({ id: z.string(), total: z.number() });
 * const orders = receiver.channel('orders', { codec: validated(Order) });
 * ```
 *
 * @param codec what turns the payload into the value to check; default `json()`
 * @see https://standardschema.dev
 */
export function validated<T>(schema: StandardSchemaV1<unknown, T>, codec: Codec<unknown> = json()): Codec<T> {
  const standard = (schema as Partial<typeof schema> | null | undefined)?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    throw invalidArgument(
      'the schema',
      'one that implements Standard Schema, like those of zod, valibot or arktype',
      schema,
    );
  }
  assertCodec(codec);
  const read = (data: string | Buffer, channel: string): T => {
    const result = standard.validate(decodeWith(codec, data, channel));
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new TypeError(
        'The schema validates asynchronously. Give a synchronous one, and do the rest in the stream.',
      );
    }
    if (result.issues) throw new ValidationError(result.issues);
    return result.value;
  };
  return {
    binary: codec.binary === true,
    encode(value) {
      const payload = codec.encode(value);
      // The payload and not the value: a schema that transforms expects its input, which is what a reader gets.
      read(payload, NO_CHANNEL);
      return payload;
    },
    decode: read,
  };
}

/** The channel that `decode` is given while a value is encoded: nobody knows yet where it will go. */
const NO_CHANNEL = '';
