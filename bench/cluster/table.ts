import { spread } from '../statistics.js';

/** Prints one figure of all contestants over the rounds. */
export function printSpreads(title: string, rows: ReadonlyMap<string, readonly number[]>): void {
  console.log(`\n${title}\n`);
  const widest = Math.max(...[...rows.keys()].map(({ length }) => length));
  const text = (value: number) => value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
  for (const [row, values] of [...rows].sort(([a], [b]) => a.localeCompare(b))) {
    const { median, min, max } = spread(values);
    console.log(
      `${row.padEnd(widest)}  median ${text(median)}, ${text(min)} to ${text(max)}, ${values.length} rounds`,
    );
  }
}
