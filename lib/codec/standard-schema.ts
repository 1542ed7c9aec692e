import type { StandardSchemaV1 } from '@standard-schema/spec';
import { invalidArgument } from '../errors/invalid-argument.js';

/** A Standard Schema of any library whose output is `T`. */
export type Schema<T = unknown> = StandardSchemaV1<unknown, T>;

export function isSchema(value: unknown): value is Schema {
  // The schemas of some libraries are functions.
  const isCandidate = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const standard = isCandidate ? (value as Partial<Schema>)['~standard'] : undefined;
  return typeof standard?.validate === 'function';
}

export function assertSchema(what: string, value: unknown): asserts value is Schema {
  if (isSchema(value)) return;
  const expected = 'one that implements Standard Schema, like those of zod, valibot or arktype';
  throw invalidArgument(what, expected, value);
}

/** Checks a value. A schema that validates asynchronously is refused: it would lose the order of the messages. */
export function validate<T>(schema: Schema<T>, value: unknown): StandardSchemaV1.Result<T> {
  const result = schema['~standard'].validate(value);
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new TypeError(
    'The schema validates asynchronously. Use a synchronous schema, and do the rest in the stream.',
  );
}
