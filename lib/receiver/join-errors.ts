import { GapError } from '../channel/gap-error.js';
import { SubscribeError } from '../errors/errors.js';

/** Joins two refusals of one name to the later one. */
export function joinRefusals(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof SubscribeError && later instanceof SubscribeError)) return undefined;
  return earlier.kind === later.kind && earlier.channel === later.channel ? later : undefined;
}

/** Joins the gaps of two outages that no consumer has received yet, with no message between them. */
export function joinGaps(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof GapError && later instanceof GapError)) return undefined;
  if (earlier.gap.cause !== later.gap.cause) return undefined;
  const channels = [...new Set([...earlier.gap.channels, ...later.gap.channels])];
  const { dropped: first, ...gap } = earlier.gap;
  const { dropped: second } = later.gap;
  const dropped = first === undefined || second === undefined ? {} : { dropped: first + second };
  return new GapError({ ...gap, until: later.gap.until, channels, ...dropped });
}
