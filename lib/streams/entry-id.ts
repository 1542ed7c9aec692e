/** The id before the first entry of any stream. */
export const BEFORE_ALL_ENTRIES = '0-0';

const ID = /^(\d{1,20})(?:-(\d{1,20}))?$/;

/** Returns the full form of an id, `milliseconds-sequence`; undefined for a text that is not an id. */
export function normalizeEntryId(text: string): string | undefined {
  const parts = ID.exec(text);
  if (!parts) return undefined;
  return `${BigInt(parts[1] as string)}-${BigInt(parts[2] ?? 0)}`;
}

/** Returns a negative number if `a` comes before `b`, 0 if they are the same id, and otherwise a positive number. */
export function compareEntryIds(a: string, b: string): number {
  const [first, second] = [a.split('-'), b.split('-')] as [[string, string], [string, string]];
  return compareNumbers(first[0], second[0]) || compareNumbers(first[1], second[1]);
}

/** Compares decimal numbers of 64 bits, which a `number` cannot hold. */
function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  return a.length - b.length || (a < b ? -1 : 1);
}
