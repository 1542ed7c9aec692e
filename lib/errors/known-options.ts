import { invalidArgument } from './invalid-argument.js';

/** Lists the options of an interface; the compiler sees to it that none is missing. */
export function optionNames<Options>(
  names: Readonly<Record<keyof Options & string, true>>,
): readonly string[] {
  return Object.keys(names);
}

/**
 * Throws a TypeError where the options are not a plain object, or have a key that is no option: it would be ignored without
 * a word. Symbols are no options.
 *
 * @param what names the options, as in `'the options of iterate'`
 * @param advice says what to do with a value that is no object
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

/** The prototype of a plain object has none itself, in whatever realm it was made. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Returns the name that most resembles a misspelt one, if any of them could be meant, with at most so many slips. */
export function nearestOf(misspelt: string, names: readonly string[], most = Infinity): string | undefined {
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of names) {
    const longest = Math.max(name.length, misspelt.length);
    // An input of any length would take its square of time.
    if (Math.abs(name.length - misspelt.length) * 2 > longest) continue;
    const distance = distanceBetween(misspelt.toLowerCase(), name.toLowerCase());
    if (distance >= least || distance * 2 > longest) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

/** Returns how many characters have to be inserted, removed, replaced or swapped with the next one. */
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
