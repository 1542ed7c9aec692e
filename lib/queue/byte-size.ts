/** One unit of a string's length takes so many bytes at the most: what takes four is two units. */
const MOST_BYTES_A_UNIT = 3;

/**
 * The payload bytes of a value, as `maxBytes` counts them: a string in UTF-8, a Buffer, typed array or ArrayBuffer by
 * its length, a Message by its `data`. Anything else counts 0 bytes: only `capacity` bounds it.
 */
export function byteSize(value: unknown): number {
  const payload = payloadOf(value);
  return typeof payload === 'string' ? Buffer.byteLength(payload) : lengthOf(payload);
}

/** What `byteSize` gives at the most, without a look at each character. */
export function byteSizeAtMost(value: unknown): number {
  const payload = payloadOf(value);
  return typeof payload === 'string' ? payload.length * MOST_BYTES_A_UNIT : lengthOf(payload);
}

function payloadOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
}

function lengthOf(payload: unknown): number {
  return ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer ? payload.byteLength : 0;
}
