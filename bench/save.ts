import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plot } from './plot.js';
import type { Table } from './table.js';

/** Writes the tables, and a plot of each, into a folder. */
export async function save(tables: readonly Table[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const table of tables) {
    const name = table.title.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(table, undefined, 2)}\n`);
    writeFileSync(join(folder, `${name}.svg`), await plot(table));
  }
}
