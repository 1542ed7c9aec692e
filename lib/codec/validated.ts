import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertCodec, decodeWith, json, type Codec } from './codec.js';
import { ValidationError } from '../errors/errors.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/**
 * Returns a codec that checks each decoded value against a schema, of any library that implements Standard Schema (zod,
 * valibot, arktype and others), and passes on the output of the schema. A value that fails causes a {@link DecodeError},
 * whose cause is a {@link ValidationError} with the issues. A schema that validates asynchronously is refused: it would lose
 * the order of the messages.
 *
 * `encode` refuses the values that `decode` would refuse, with a {@link ValidationError}: it decodes each payload that it
 * has encoded. Encoding therefore costs a decoding, too.
 *
 * ```ts
 * const Order = z.object({ id: z.string(), total: z.number() });
 * const orders = receiver.channel('orders', { codec: validated(Order) });
 * ```
 *
 * @param codec turns the payload into the value to check; default `json()`
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
        'The schema validates asynchronously. Use a synchronous schema, and do the rest in the stream.',
      );
    }
    if (result.issues) throw new ValidationError(result.issues);
    return result.value;
  };
  return {
    binary: codec.binary === true,
    encode(value) {
      const payload = codec.encode(value);
      // The payload and not the value: a schema that transforms expects its input, which a reader gets from the payload.
      read(payload, NO_CHANNEL);
      return payload;
    },
    decode: read,
  };
}

/** The channel that `decode` gets while a value is encoded: the real one is not known yet. */
const NO_CHANNEL = '';
