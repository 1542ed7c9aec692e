import type { Contestant, Field } from './contestant.js';
import type { Results } from './rounds.js';
import { ratios, spread, type Spread } from './statistics.js';

const MAX_DEVIATION = 0.05;

/** Figure of a round, computed from the reports of its turns. */
export interface Figure<R> {
  readonly what: string;
  /** Conditions: the kind of messages, or the number of channels. */
  readonly where: string;
  readonly unit: string;
  readonly of: (turns: readonly R[]) => number;
  readonly digits: number;
}

/** Figure of all contestants, and its ratios to the references. */
export interface Table {
  readonly what: string;
  readonly where: string;
  readonly unit: string;
  readonly digits: number;
  readonly references: readonly string[];
  readonly rows: readonly Row[];
  /** Deviation of the control from the reference that it repeats: 0.02 is 2 % more. */
  readonly off: number;
}

export interface Row extends Spread {
  readonly title: string;
  readonly rounds: number;
  readonly ratios: readonly Spread[];
}

export function tableOf<R>(
  { what, where, unit, of, digits }: Figure<R>,
  { contestants, references, control }: Field,
  results: Results<R>,
): Table {
  const values = new Map([...results].map(([contestant, rounds]) => [contestant, rounds.map(of)]));
  const valuesOf = (contestant: Contestant) => values.get(contestant) as number[];
  const [first] = references as [Contestant];
  // Compare the others with the mean of reference and control: the ratios then inherit less of the noise of either.
  const both = valuesOf(first).map((value, round) => (value + (valuesOf(control)[round] as number)) / 2);
  const rows = contestants.map((contestant) => {
    const own = valuesOf(contestant);
    const isOneOfThem = contestant === first || contestant === control;
    const compared = references.map((reference) =>
      ratios(own, reference === first && !isOneOfThem ? both : valuesOf(reference)),
    );
    return { title: contestant.title, rounds: own.length, ...spread(own), ratios: compared };
  });
  const off = ratios(valuesOf(control), valuesOf(first)).median - 1;
  return { what, where, unit, digits, references: references.map((one) => one.title), rows, off };
}

export function titleOf({ what, where }: Table): string {
  return `${what}, ${where}`;
}

export function print(table: Table): void {
  const { unit, digits, references, rows, off } = table;
  const head = references.flatMap((reference) => [`× ${reference}`, 'min–max']);
  const lines = rows.map((row) => {
    const compared = row.ratios.flatMap((ratio) => [ratio.median.toFixed(2), range(ratio, 2)]);
    return [row.title, row.median.toFixed(digits), range(row, digits), ...compared, String(row.rounds)];
  });
  console.log(`\n${titleOf(table)}, ${unit}\n`);
  for (const line of aligned([['', 'median', 'min–max', ...head, 'rounds'], ...lines])) console.log(line);
  if (Math.abs(off) > MAX_DEVIATION) {
    console.log(`\nThe control is off by ${(off * 100).toFixed(0)} %: the machine was busy. Run it again.`);
  }
}

function range({ min, max }: Spread, digits: number): string {
  return `${min.toFixed(digits)}–${max.toFixed(digits)}`;
}

/** Returns the lines of a Markdown table, whose head is the first row. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] as readonly string[]).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number);
  const [head, ...body] = rows.map((row) => `| ${row.map(cell).join(' | ')} |`) as [string, ...string[]];
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`;
  return [head, rule, ...body];
}
