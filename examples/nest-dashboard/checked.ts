import { BadRequestException, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';

/** Lets in what fits the schema; the answer to the rest says what does not. */
export class Checked<T> implements PipeTransform<unknown, T> {
  readonly #schema: z.ZodType<T>;

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  transform(value: unknown): T {
    const { success, data, error } = this.#schema.safeParse(value);
    if (!success) throw new BadRequestException(error.issues.map(({ message }) => message).join(' '));
    return data;
  }
}
