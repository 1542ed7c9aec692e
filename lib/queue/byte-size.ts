/** The largest number of bytes for one unit of a string's length: a character of four bytes has two units. */
const MOST_BYTES_A_UNIT = 3;

/**
 * Returns the payload bytes of a value, as `maxBytes` counts them: a string in UTF-8, a Buffer, typed array or ArrayBuffer
 * by its length, a Message by its `data`, or by its `fields` if it is the entry of a stream. Any other value counts 0 bytes:
 * only `capacity` bounds it.
 */
export function byteSize(value: unknown): number {
  const fields = fieldsOf(value);
  if (fields) return sumOf(fields, (text) => Buffer.byteLength(text));
  const payload = payloadOf(value);
  return typeof payload === 'string' ? Buffer.byteLength(payload) : lengthOf(payload);
}

/** Returns an upper bound for `byteSize`, without looking at each character. */
export function byteSizeAtMost(value: unknown): number {
  const fields = fieldsOf(value);
  if (fields) return sumOf(fields, (text) => text.length * MOST_BYTES_A_UNIT);
  const payload = payloadOf(value);
  return typeof payload === 'string' ? payload.length * MOST_BYTES_A_UNIT : lengthOf(payload);
}

type Fields = Readonly<Record<string, string>>;

/** Returns the fields of a Message that is the entry of a stream. */
function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || !('fields' in value)) return undefined;
  const { source, fields } = value as { readonly source?: { readonly kind?: unknown }; fields?: Fields };
  return source?.kind === 'stream' ? fields : undefined;
}

function sumOf(fields: Fields, lengthOfText: (text: string) => number): number {
  let sum = 0;
  for (const name in fields) sum += lengthOfText(name) + lengthOfText(fields[name] ?? '');
  return sum;
}

function payloadOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
}

function lengthOf(payload: unknown): number {
  return ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer ? payload.byteLength : 0;
}
