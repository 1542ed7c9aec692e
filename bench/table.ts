import type { Field } from './contestant.js';
import type { Cost } from './measured/protocol.js';
import type { Results } from './rounds.js';
import { ratios, spread } from './statistics.js';

const MOST_OFF = 0.05;

export interface Figure {
  readonly title: string;
  readonly of: (cost: Cost) => number;
  readonly digits: number;
}

/** One figure of all contestants, and its ratios to the references. */
export function print(
  { title, of, digits }: Figure,
  { contestants, references, control }: Field,
  results: Results,
) {
  const values = new Map([...results].map(([contestant, costs]) => [contestant, costs.map(of)]));
  const valuesOf = (contestant: Field['control']) => values.get(contestant) as number[];
  const rows = contestants.map((contestant) => {
    const own = valuesOf(contestant);
    const { median, min, max } = spread(own);
    const compared = references.flatMap((reference) => {
      const ratio = ratios(own, valuesOf(reference));
      return [ratio.median.toFixed(2), `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`];
    });
    const range = `${min.toFixed(digits)}–${max.toFixed(digits)}`;
    return [contestant.title, median.toFixed(digits), range, ...compared, String(own.length)];
  });
  const head = references.flatMap((reference) => [`× ${reference.title}`, 'min–max']);
  console.log(`\n${title}\n`);
  for (const line of aligned([['', 'median', 'min–max', ...head, 'rounds'], ...rows])) console.log(line);

  const [reference] = references as [Field['control']];
  const off = ratios(valuesOf(control), valuesOf(reference)).median - 1;
  if (Math.abs(off) > MOST_OFF) {
    console.log(`\nThe control is off by ${(off * 100).toFixed(0)} %: the machine was busy. Run it again.`);
  }
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] as readonly string[]).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number);
  const [head, ...body] = rows.map((row) => `| ${row.map(cell).join(' | ')} |`) as [string, ...string[]];
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`;
  return [head, rule, ...body];
}
