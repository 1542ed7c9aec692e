import { ValidationError } from '../errors/errors.js';
import { assertCodec, decodeWith, json, type Codec, type DecodeContext } from './codec.js';
import { assertSchema, validate, type Schema } from './standard-schema.js';

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
export function validated<T>(schema: Schema<T>, codec: Codec<unknown> = json()): Codec<T> {
  assertSchema('the schema', schema);
  assertCodec(codec);
  const read = (data: string | Buffer, channel: string, context?: DecodeContext): T => {
    const result = validate(schema, decodeWith(codec, data, channel, context));
    if (result.issues) throw new ValidationError(result.issues);
    return result.value;
  };
  const checked: Codec<T> = {
    binary: codec.binary === true,
    encode(value) {
      const payload = codec.encode(value);
      // The payload and not the value: a schema that transforms expects its input, which a reader gets from the payload.
      read(payload, NO_CHANNEL);
      return payload;
    },
    decode: read,
  };
  schemas.set(checked, schema);
  return checked;
}

/** The schemas of validated codecs. */
const schemas = new WeakMap<object, Schema>();

/** Returns the schema of a codec that `validated` has returned. */
export function schemaOf(codec: Codec<unknown>): Schema | undefined {
  return schemas.get(codec);
}

/** The channel that `decode` gets while a value is encoded: the real one is not known yet. */
const NO_CHANNEL = '';
