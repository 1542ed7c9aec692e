/** The largest number of bytes for one unit of a string's length: a character of four bytes has two units. */
const MOST_BYTES_A_UNIT = 3;

/**
 * Returns the payload bytes of a value, as `maxBytes` counts them: a string in UTF-8, a Buffer, typed array or ArrayBuffer
 * by its length, a Message by its `data`. Any other value counts 0 bytes: only `capacity` bounds it.
 */
export function byteSize(value: unknown): number {
  return bytesOf(value, (text) => Buffer.byteLength(text));
}

/** Returns an upper bound for `byteSize`, without looking at each character. */
export function byteSizeAtMost(value: unknown): number {
  return bytesOf(value, (text) => text.length * MOST_BYTES_A_UNIT);
}

function bytesOf(value: unknown, lengthOfText: (text: string) => number): number {
  const payload = payloadOf(value);
  if (typeof payload === 'string') return lengthOfText(payload);
  // The whole entry of a stream is the only message whose data are its fields.
  if (isEntry(value) && payload === value.fields)
    return Object.values(value.fields).reduce((sum, field) => sum + lengthOfText(field), 0);
  return lengthOf(payload);
}

function isEntry(value: unknown): value is { readonly fields: Readonly<Record<string, string>> } {
  return typeof value === 'object' && value !== null && 'fields' in value && value.fields !== undefined;
}

function payloadOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
}

function lengthOf(payload: unknown): number {
  return ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer ? payload.byteLength : 0;
}
