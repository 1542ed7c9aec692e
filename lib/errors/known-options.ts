import { invalidArgument } from './invalid-argument.js';

/** Lists the options of an interface; the compiler ensures that none is missing. */
export function optionNames<Options>(
  names: Readonly<Record<keyof Options & string, true>>,
): readonly string[] {
  return Object.keys(names);
}

/**
 * Throws a TypeError if the options are not a plain object, or have an unknown key, which would be ignored silently. Symbols
 * are not checked.
 *
 * @param what names the options, as in `'the options of iterate'`
 * @param advice says what to do with a value that is not an object
 */
export function assertKnownOptions(
  what: string,
  options: unknown,
  known: readonly string[],
  advice?: string,
): asserts options is object {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument(what, 'an object', options, advice);
  if (!isPlain(options)) throw invalidArgument(what, 'a plain object', options, advice);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestOf(name, known);
    const list = known.map((option) => `'${option}'`).join(', ');
    throw invalidArgument(what, `among ${list}`, name, nearest && `Did you mean '${nearest}'?`);
  }
}

/** Returns whether a value is a plain object: the prototype of a plain object has no prototype itself, in any realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Returns the name that most resembles a misspelt one, with at most `most` slips; undefined if none is similar enough. */
export function nearestOf(misspelt: string, names: readonly string[], most = Infinity): string | undefined {
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of names) {
    const longest = Math.max(name.length, misspelt.length);
    // The distance takes time in proportion to the square of the length: skip names that are much longer or shorter.
    if (Math.abs(name.length - misspelt.length) * 2 > longest) continue;
    const distance = distanceBetween(misspelt.toLowerCase(), name.toLowerCase());
    if (distance >= least || distance * 2 > longest) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

/** Returns the number of characters to insert, remove, replace or swap with the next one. */
function distanceBetween(a: string, b: string): number {
  let earlier: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (earlier[j - 2] as number) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    [earlier, row] = [row, next];
  }
  return row[b.length] as number;
}
