import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.js';

/** A document of the repository, and its path from the root. */
export interface Document {
  readonly path: string;
  readonly markdown: string;
}

const SINGLE = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/llms.txt'];
const FOLDERS = ['docs', 'docs/decisions', 'bench', 'examples/angular', 'examples/nest-dashboard'];

/** Returns the texts in Markdown, from the root and from the folders that contain any. */
export function documents(): Document[] {
  return [...SINGLE, ...FOLDERS.flatMap((folder) => filesIn(folder, '.md'))]
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, markdown: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Returns the files directly in a folder of the repository, which need not exist. */
export function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => `${folder}/${name}`);
}
