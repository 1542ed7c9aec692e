import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run-script.js';

/** A text of the documentation, by its path from the root of the repository. */
export interface Document {
  readonly path: string;
  readonly markdown: string;
}

/** The README and what stands in `docs`, as far as they exist. */
export function documents(): Document[] {
  return ['README.md', ...filesIn('docs', '.md')]
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, markdown: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The files right in a folder of the repository, which need not exist. */
export function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => `${folder}/${name}`);
}
