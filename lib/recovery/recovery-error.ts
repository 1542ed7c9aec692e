import { CodedError, named } from '../errors/errors.js';
import { reasonOf } from '../errors/reason-of.js';

/** The error of a log or a stream that cannot be read: a key of another type, a missing permission, an id that the log does not have. */
export class RecoveryError extends CodedError {
  readonly code = 'ERR_RECOVERY';
  /** The key of the log or stream. */
  readonly log: string;

  constructor(log: string, advice: string, options?: ErrorOptions, noun: 'log' | 'stream' = 'log') {
    super(`Could not use the ${noun} ${JSON.stringify(log)}: ${advice}`, options);
    this.log = log;
  }
}
named(RecoveryError, 'RecoveryError');

/** Returns the error of a stream for a reply of Redis. */
export function refusedStream(key: string, cause: unknown): RecoveryError {
  const reason = reasonOf(cause);
  let advice = 'The Channel keeps its position, and tries again until the cause is fixed.';
  if (reason.startsWith('NOPERM')) advice = `Give the user +xread, +xinfo|stream and the key (~${key}).`;
  if (reason.startsWith('WRONGTYPE')) advice = 'Name the key of a stream.';
  return new RecoveryError(key, `Redis refused: ${reason}. ${advice}`, { cause }, 'stream');
}

/** Returns the error of a stream for attempts to read it that fail without a reply of Redis. */
export function failingStream(key: string, cause: unknown): RecoveryError {
  const advice = `${reasonOf(cause)}. The Channel keeps its position, and tries again.`;
  return new RecoveryError(key, advice, { cause }, 'stream');
}

/** Returns the error of a log for a reply of Redis. */
export function refusedLog(log: string, cause: unknown): RecoveryError {
  const reason = reasonOf(cause);
  let advice = 'Messages that are missed are a gap until the cause is fixed.';
  if (reason.startsWith('NOPERM')) advice = `Give the user +xrange, +xinfo|stream and the key (~${log}).`;
  if (reason.startsWith('WRONGTYPE')) advice = "Name the key of a stream, with the option 'recover.log'.";
  return new RecoveryError(log, `Redis refused: ${reason}. ${advice}`, { cause });
}
