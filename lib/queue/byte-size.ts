/**
 * The payload bytes of a value, as `maxBytes` counts them: a string in UTF-8, a Buffer, typed array or ArrayBuffer by
 * its length, a Message by its `data`. Anything else counts 0 bytes: only `capacity` bounds it.
 */
export function byteSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  return 'data' in value ? payloadSize(value.data) : 0;
}

function payloadSize(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer ? data.byteLength : 0;
}
