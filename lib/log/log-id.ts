/**
 * The id of a message in a log, `epoch-number`: an id of a Redis stream whose first part stays the same while the log lives,
 * and whose second part counts the messages without a hole, from 1.
 */
export interface LogId {
  /** Milliseconds since the epoch of Unix: when the log was created, or created anew. */
  readonly epoch: number;
  readonly number: number;
}

/** The id before the first message of a log that does not exist yet. */
export const BEFORE_ALL: LogId = { epoch: 0, number: 0 };

const ID = /^(\d{1,16})-(\d{1,16})$/;

/** Returns undefined for a text that is not an id. */
export function parseLogId(text: string): LogId | undefined {
  const parts = ID.exec(text);
  if (!parts) return undefined;
  const id = { epoch: Number(parts[1]), number: Number(parts[2]) };
  return Number.isSafeInteger(id.epoch) && Number.isSafeInteger(id.number) ? id : undefined;
}

export function formatLogId({ epoch, number }: LogId): string {
  return `${epoch}-${number}`;
}

/** Returns a negative number if `a` comes before `b`, 0 if they are the same id, and otherwise a positive number. */
export function compareLogIds(a: LogId, b: LogId): number {
  return a.epoch - b.epoch || a.number - b.number;
}

/** Returns whether an id is at or before the end of a log; false if there is no log. */
export function isUpTo(end: LogId | undefined, id: LogId): boolean {
  return end !== undefined && compareLogIds(id, end) <= 0;
}

/** Returns the id before that of a message. */
export function idBefore({ epoch, number }: LogId): LogId {
  return { epoch, number: number - 1 };
}
