import { reasonOf } from '../errors/reason-of.js';
import { RecoveryError } from '../recovery/recovery-error.js';

const COMMANDS =
  '+xreadgroup, +xack, +xpending, +xclaim, +xautoclaim, +xgroup, +xinfo, +xlen, +xrange, +eval and +evalsha';

/** Returns the error of a group for a reply of Redis. */
export function refusedGroup(key: string, group: string, cause: unknown): RecoveryError {
  const reason = reasonOf(cause);
  let advice = 'The Channel tries again until the cause is fixed.';
  if (reason.startsWith('NOPERM'))
    advice = `Give the user ${COMMANDS}, the key (~${key}), and for dead letters +xadd and their key.`;
  if (reason.startsWith('WRONGTYPE')) advice = 'Name the key of a stream.';
  if (reason.startsWith('ERR unknown command')) advice = 'Consumer groups need Redis 6.2 or newer.';
  const where = `for the group ${JSON.stringify(group)}`;
  return new RecoveryError(key, `Redis refused ${where}: ${reason}. ${advice}`, { cause }, 'stream');
}
