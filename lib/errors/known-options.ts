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

/** Returns the name that most resembles a misspelt one, if any of them could be meant. */
function nearestOf(misspelt: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
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

/** Returns the Levenshtein distance: how many characters have to be inserted, removed or replaced. */
export function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
