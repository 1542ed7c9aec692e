/** Id of an entry of a stream: two numbers of 64 bits. */
export interface StreamId {
  readonly ms: bigint;
  readonly seq: bigint;
}

export const LARGEST = 2n ** 64n - 1n;
export const ZERO_ID: StreamId = { ms: 0n, seq: 0n };
export const LAST_ID: StreamId = { ms: LARGEST, seq: LARGEST };

const INVALID = 'ERR Invalid stream ID specified as stream command argument';

/** Parses an id; an id without its second number gets this one. */
export function parseStreamId(text: string, missing: bigint): StreamId {
  const [, ms, seq] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (ms === undefined) throw new Error(INVALID);
  const id = { ms: BigInt(ms), seq: seq === undefined ? missing : BigInt(seq) };
  if (id.ms > LARGEST || id.seq > LARGEST) throw new Error(INVALID);
  return id;
}

/**
 * Returns the function that finds the id of a new entry behind the last one, for the id of an XADD: complete, `*`, or `5-*`.
 */
export function nextStreamId(text: string, now: () => number): (last: StreamId) => StreamId {
  if (text === '*') {
    return (last) => {
      const ms = BigInt(now());
      return ms > last.ms ? { ms, seq: 0n } : after(last);
    };
  }
  if (text.endsWith('-*')) {
    const { ms } = parseStreamId(text.slice(0, -2), 0n);
    return (last) => ({ ms, seq: ms === last.ms ? last.seq + 1n : 0n });
  }
  const id = parseStreamId(text, 0n);
  if (compareStreamIds(id, ZERO_ID) === 0)
    throw new Error('ERR The ID specified in XADD must be greater than 0-0');
  return () => id;
}

/** Parses the start of a range: an id, an exclusive one such as `(5-1`, or `-`. Returns the first id of the range. */
export function parseRangeStart(text: string): StreamId {
  if (isExclusive(text)) {
    const id = parseStreamId(text.slice(1), 0n);
    if (compareStreamIds(id, LAST_ID) === 0) throw new Error('ERR invalid start ID for the interval');
    return after(id);
  }
  return endOfAll(text) ?? parseStreamId(text, 0n);
}

/** Parses the end of a range, as {@link parseRangeStart} does the start. Returns the last id of the range. */
export function parseRangeEnd(text: string): StreamId {
  if (isExclusive(text)) {
    const id = parseStreamId(text.slice(1), LARGEST);
    if (compareStreamIds(id, ZERO_ID) === 0) throw new Error('ERR invalid end ID for the interval');
    return id.seq > 0n ? { ms: id.ms, seq: id.seq - 1n } : { ms: id.ms - 1n, seq: LARGEST };
  }
  return endOfAll(text) ?? parseStreamId(text, LARGEST);
}

export function compareStreamIds(a: StreamId, b: StreamId): number {
  const difference = a.ms === b.ms ? a.seq - b.seq : a.ms - b.ms;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function formatStreamId({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

function after({ ms, seq }: StreamId): StreamId {
  return seq < LARGEST ? { ms, seq: seq + 1n } : { ms: ms + 1n, seq: 0n };
}

function isExclusive(text: string): boolean {
  return text.length > 1 && text.startsWith('(');
}

function endOfAll(text: string): StreamId | undefined {
  if (text === '-') return ZERO_ID;
  return text === '+' ? LAST_ID : undefined;
}
