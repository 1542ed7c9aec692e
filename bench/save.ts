import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plot, plotRatios } from './plot.js';
import { aligned, titleOf, type Table } from './table.js';

/** Writes each table and its plot into a folder, and puts all tables in the folder side by side, in `tables.md` and in a plot. */
export async function save(tables: readonly Table[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const table of tables) {
    const name = fileName(titleOf(table));
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(table, undefined, 2)}\n`);
    writeFileSync(join(folder, `${name}.svg`), await plot(table));
  }
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Table);
  const titles = [...new Set(all.map(({ what }) => what))];
  const summaries: string[] = [];
  for (const title of titles) {
    const of = all.filter(({ what }) => what === title);
    summaries.push(summary(of));
    const isComparable = new Set(of.map(({ references }) => references[0])).size === 1;
    if (of.length > 1 && isComparable)
      writeFileSync(join(folder, `${fileName(title)}.svg`), await plotRatios(of));
  }
  writeFileSync(join(folder, 'tables.md'), `${summaries.join('\n\n')}\n`);
}

function fileName(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
}

/** Returns the table of one figure under all measured conditions: the median, and its ratio to the first reference. */
function summary(tables: readonly Table[]): string {
  const [{ what, unit, references }] = tables as [Table];
  const titles = [...new Set(tables.flatMap(({ rows }) => rows.map(({ title }) => title)))];
  const body = titles.map((title) => [
    title,
    ...tables.map(({ rows, digits }) => {
      const row = rows.find((one) => one.title === title);
      return row ? `${row.median.toFixed(digits)} (${row.ratios[0]!.median.toFixed(2)})` : '';
    }),
  ]);
  const head = [
    `${what}, ${unit} (× ${references[0]})`,
    ...tables.map(({ where, rows }) => `${where}; ${rows[0]?.rounds} rounds`),
  ];
  return aligned([head, ...body]).join('\n');
}
