import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertCodec, decodeWith, json, type Codec } from './codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/**
 * Checks each decoded value against a schema of any library that implements Standard Schema (zod, valibot, arktype and
 * others), and gives what the schema makes of it. A value that fails is a {@link DecodeError}, whose cause lists the
 * issues. A schema that validates asynchronously is refused: it would lose the order of the messages.
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
  return {
    binary: codec.binary === true,
    encode: (value) => codec.encode(value),
    decode(data, channel) {
      const result = standard.validate(decodeWith(codec, data, channel));
      if (result instanceof Promise) {
        result.catch(() => undefined);
        throw new TypeError(
          'The schema validates asynchronously. Give a synchronous one, and do the rest in the stream.',
        );
      }
      if (result.issues) throw new ValidationError(result.issues);
      return result.value;
    },
  };
}

class ValidationError extends TypeError {
  constructor(readonly issues: readonly StandardSchemaV1.Issue[]) {
    super(issues.map((issue) => `${pathOf(issue)}${issue.message}`).join('; '));
    this.name = 'ValidationError';
  }
}

function pathOf({ path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return keys.length > 0 ? `${keys.join('.')}: ` : '';
}
