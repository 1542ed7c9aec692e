/** The largest number of bytes for one unit of a string's length: a character of four bytes has two units. */
const MOST_BYTES_A_UNIT = 3;

/**
 * Returns the payload bytes of a value, as `maxBytes` counts them: a string in UTF-8, a Buffer, typed array or ArrayBuffer
 * by its length, a Message by its `data`, or by its `fields` if it is the entry of a stream. Any other value counts 0 bytes:
 * only `capacity` bounds it.
 */
export function byteSize(value: unknown): number {
  return bytesOf(value, (text) => Buffer.byteLength(text));
}

/** Returns an upper bound for `byteSize`, without looking at each character. */
export function byteSizeAtMost(value: unknown): number {
  return bytesOf(value, (text) => text.length * MOST_BYTES_A_UNIT);
}

function bytesOf(value: unknown, lengthOfText: (text: string) => number): number {
  if (isMessage(value)) {
    const { data, source, fields } = value;
    if (!fields || source?.kind !== 'stream') return sizeOf(data, lengthOfText);
    let size = 0;
    for (const name in fields) size += lengthOfText(name) + lengthOfText(fields[name] ?? '');
    return size;
  }
  return sizeOf(value, lengthOfText);
}

interface MessageLike {
  readonly data: unknown;
  readonly source?: { readonly kind?: unknown } | null;
  /** Of the entry of a stream. */
  readonly fields?: Readonly<Record<string, string>>;
}

function isMessage(value: unknown): value is MessageLike {
  return typeof value === 'object' && value !== null && 'data' in value;
}

function sizeOf(payload: unknown, lengthOfText: (text: string) => number): number {
  return typeof payload === 'string' ? lengthOfText(payload) : lengthOf(payload);
}

function lengthOf(payload: unknown): number {
  return ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer ? payload.byteLength : 0;
}
