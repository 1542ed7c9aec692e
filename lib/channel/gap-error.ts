import type { Gap } from '../channel.js';
import { CodedError, named } from '../errors/errors.js';

/** The error that stands where messages may be missing; `gap` has the period and the channels. */
export class GapError extends CodedError {
  readonly code = 'ERR_GAP';
  /** The period, its cause, and the Channels that may lack messages. */
  readonly gap: Gap;

  constructor(gap: Gap, options?: ErrorOptions) {
    const what = {
      overflow: `${gap.dropped} messages were dropped by the full buffer`,
      reconnect: 'The connection was lost and messages may be missing',
      log:
        gap.dropped === undefined
          ? 'The log was deleted or cannot be read, and messages may be missing'
          : `${gap.dropped} messages are not in the log any more`,
    }[gap.cause];
    super(
      `${what}, on ${gap.channels.length} channel(s), between ${new Date(gap.since).toISOString()} and ` +
        `${new Date(gap.until).toISOString()}. Fetch a fresh snapshot if you need one; retry() continues from here.`,
      options,
    );
    this.gap = gap;
  }
}
named(GapError, 'GapError');
