import { DecodeError } from '../channel.js';
import { GapError } from '../channel/gap-error.js';
import { BufferOverflowError } from '../errors/errors.js';

/**
 * Returns what a consumer has lost where an error stands in its stream, if the stream goes on behind the error; undefined for
 * an error that ends the stream.
 */
export function lossOf(error: unknown): { readonly dropped: number | undefined } | undefined {
  if (error instanceof GapError) return { dropped: error.gap.dropped };
  if (error instanceof BufferOverflowError) return { dropped: error.dropped };
  return error instanceof DecodeError ? { dropped: 1 } : undefined;
}
