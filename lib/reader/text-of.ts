/** The method behind `toString('utf8')`, which Node does not document. */
interface Decoding {
  utf8Slice(start: number, end: number): string;
}

/** Returns the text between two places. Without the checks of `toString`, decoding a short name takes half the time. */
export const textOf: (bytes: Buffer, start: number, end: number) => string =
  typeof (Buffer.prototype as Partial<Decoding>).utf8Slice === 'function'
    ? (bytes, start, end) => (bytes as Buffer & Decoding).utf8Slice(start, end)
    : (bytes, start, end) => bytes.toString('utf8', start, end);
