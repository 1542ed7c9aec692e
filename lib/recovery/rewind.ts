import type { LoggedMessage } from '../log/envelope.js';
import type { HeldMessages } from './held-messages.js';
import { idBefore, isUpTo } from '../log/log-id.js';
import type { LogPosition } from './log-position.js';
import type { RoundEnd } from './next-step.js';

/** Moves a position that a log has lost: before the first message that has arrived since, or to the end of the log. */
export function rewind(position: LogPosition, held: HeldMessages, { last, arrived }: RoundEnd): void {
  const isInLog = ({ id }: LoggedMessage) => last?.epoch === id.epoch && isUpTo(last, id);
  // Messages that the position covers are old, if the log does not have them now.
  held.dropWhile((message) => position.covers(message.id) && !isInLog(message));
  const { first } = held;
  const isNew =
    first && (isInLog(first) || isUpTo(arrived, first.id) || first.id.epoch === position.id.epoch);
  if (isNew) position.moveTo(idBefore(first.id));
  else if (last) position.moveTo(last);
  else position.noteDeletion();
}
