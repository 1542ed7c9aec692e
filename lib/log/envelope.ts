import type { LogId } from './log-id.js';

/** The start of a message that was published with its log. No other payload of text or JSON begins with a NUL. */
export const ENVELOPE_MARK = '\0rx1 ';

/** A header is short: a payload without one is not searched for the end of the header. */
const LONGEST_HEADER = 128;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const DASH = 0x2d;
const ZERO = 0x30;

/** A message of a log: one that has arrived in its envelope, or one that was read from the log. */
export interface LoggedMessage {
  readonly id: LogId;
  /** The id as text. */
  readonly idText: string;
  /** The name of this one publication: after a failover, another message may have the same id. */
  readonly nonce: string;
  readonly payload: string | Buffer;
  /** The channel to which the message was published; undefined if it was read from the log, which does not name the channel. */
  readonly channel: string | undefined;
  /** The bytes of that name, if it has arrived in binary mode. */
  readonly rawChannel: Buffer | undefined;
}

/** Returns whether a message may be an envelope, for the cost of one comparison. */
export function mayBeEnvelope(data: string | Buffer): boolean {
  return typeof data === 'string' ? data.charCodeAt(0) === 0 : data[0] === 0;
}

/**
 * Takes a message out of its envelope, `\0rx1 ID NONCE\nPAYLOAD`; returns undefined for a message without one. The header is
 * read by its characters: an expression and lists of parts would cost more than all else that is done with a message.
 */
export function openEnvelope(
  data: string | Buffer,
  channel: string,
  rawChannel: Buffer | undefined,
): LoggedMessage | undefined {
  if (!mayBeEnvelope(data)) return undefined;
  const text = typeof data === 'string' ? data : data.toString('latin1', 0, LONGEST_HEADER);
  if (!text.startsWith(ENVELOPE_MARK)) return undefined;
  const start = ENVELOPE_MARK.length;
  const dash = endOfNumber(text, start);
  const space = endOfNumber(text, dash + 1);
  if (dash === start || text.charCodeAt(dash) !== DASH) return undefined;
  if (space === dash + 1 || text.charCodeAt(space) !== SPACE) return undefined;
  let end = space + 1;
  const limit = Math.min(text.length, LONGEST_HEADER);
  while (end < limit && text.charCodeAt(end) !== NEWLINE) end++;
  if (end === limit || end === space + 1) return undefined;
  const id = { epoch: numberIn(text, start, dash), number: numberIn(text, dash + 1, space) };
  if (id.epoch > Number.MAX_SAFE_INTEGER || id.number > Number.MAX_SAFE_INTEGER) return undefined;
  return {
    id,
    idText: text.slice(start, space),
    nonce: text.slice(space + 1, end),
    payload: typeof data === 'string' ? data.slice(end + 1) : data.subarray(end + 1),
    channel,
    rawChannel,
  };
}

function endOfNumber(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

function numberIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - ZERO;
  return value;
}
