import type { DecodeError } from '../channel.js';
import type { GapError } from '../channel/gap-error.js';
import type { BufferOverflowError } from '../errors/errors.js';

/** A place in a stream where messages are missing. */
export class Loss {
  /** The number of messages; undefined if it is unknown. */
  readonly dropped: number | undefined;

  constructor(dropped: number | undefined) {
    this.dropped = dropped;
  }
}

/**
 * Returns what is missing where an error stands in a stream that goes on behind it; undefined for an error that ends the
 * stream. Two copies of this package have different classes, but the same codes.
 */
export function lossOf(error: unknown): Loss | undefined {
  const known = error as Partial<GapError | BufferOverflowError | DecodeError> | null | undefined;
  if (known?.code === 'ERR_GAP') return new Loss(known.gap?.dropped);
  if (known?.code === 'ERR_BUFFER_OVERFLOW') return new Loss(known.dropped);
  return known?.code === 'ERR_DECODE' ? new Loss(1) : undefined;
}
