import { isUpTo, type LogId } from '../log/log-id.js';
import type { LogPosition } from './log-position.js';
import type { LogEnd } from './log-round.js';

/** The end of a round. */
export interface RoundEnd extends LogEnd {
  /** The last message that had arrived before the round. */
  readonly arrived: LogId | undefined;
}

/**
 * The next step for a message that has arrived. `'deliver'`: nothing is missing before it; `'miss'`: the log has lost what is
 * missing before it; `'drop'`: it has been delivered, or given up; `'rewind'`: the log has been deleted, or has lost its last
 * messages; `'read'`: the log may have what is missing before it.
 */
export type NextStep = 'deliver' | 'miss' | 'drop' | 'rewind' | 'read';

/** Returns the next step if the log cannot be read. */
export function nextStepWithoutLog(id: LogId, position: LogPosition): NextStep {
  if (position.covers(id)) return 'drop';
  return position.isBefore(id) ? 'deliver' : 'miss';
}

/** Returns the next step behind the end of a round, or without a round. */
export function nextStep(id: LogId, position: LogPosition, end: RoundEnd | undefined): NextStep {
  const isSameEpoch = id.epoch === position.id.epoch;
  // The log had lost the end of an epoch if it had the next one already.
  const isNext = position.isBefore(id) && (isSameEpoch || !isUpTo(end?.last, id));
  if (!end) return isNext ? 'deliver' : 'read';
  const isBehindLog = end.isRewound && !isUpTo(end.last, position.id);
  if (position.covers(id) && !isBehindLog) return 'drop';
  // A message that continues the log as it was before the loss is delivered first.
  if (end.isRewound && !(isNext && isSameEpoch)) return 'rewind';
  if (isNext) return 'deliver';
  return isUpTo(end.last, id) ? 'miss' : 'read';
}
