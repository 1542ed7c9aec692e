import { BEFORE_ALL, compareLogIds, formatLogId, parseLogId } from '../log/log-id.js';
import { LogPosition } from './log-position.js';
import type { LogRequests } from './log-requests.js';
import type { Recover } from './recover-options.js';
import { RecoveryError } from './recovery-error.js';

/** Finds the position before the first message; an id that the log does not have is an error. */
export function findStart(
  requests: LogRequests,
  { log, from }: Recover,
  onFound: (position: LogPosition) => void,
  onUnknown: (error: RecoveryError) => void,
): void {
  requests.readLast((last) => {
    const id = parseLogId(from);
    if (!id) return onFound(new LogPosition(from === 'start' ? 'start' : (last ?? BEFORE_ALL)));
    if (id.epoch === 0) return onFound(new LogPosition(BEFORE_ALL));
    if (last?.epoch === id.epoch && compareLogIds(id, last) <= 0) return onFound(new LogPosition(id));
    // The log may have messages of an earlier epoch.
    requests.read(from, 1, ([entry]) => {
      if (entry && compareLogIds(entry.id, id) === 0) return onFound(new LogPosition(id));
      const end = last ? `its last id is ${formatLogId(last)}` : 'it does not exist';
      const advice =
        "The log was deleted or created anew. Begin with from: 'start' or 'new', after a new snapshot.";
      onUnknown(
        new RecoveryError(log, `it does not have the id ${from} of 'recover.from': ${end}. ${advice}`),
      );
    });
  });
}
