import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Document } from './documents.js';
import { prose } from './links.js';
import { ROOT } from './root.js';

/** The folders, besides the document's own, from which a path may start. */
const BASES = ['', 'lib', 'spec'];
/** The folder that a script of the repository generates. */
const GENERATED = 'docs/api';
const CODE = /`(?<code>[^`\n]+)`/g;
const DRAWING = /^```mermaid\n(?<drawing>.*?)^```$/gms;
const DRAWN = /\blib\/[\w./-]*\w/g;
const PATHS = [
  // A source file. The reader chooses the name of a file that ends in .mts.
  /^(?:[\w.-]+\/)*[\w.-]+\.ts$/,
  // Another file, with its folder.
  /^(?:[\w.-]+\/)+[\w.-]+\.(?:cjs|css|html|js|json|md|mjs|tsx)$/,
  // A folder of the repository.
  /^(?:\.ci|bench|docs|examples|lib|scripts|spec)\/[\w./-]*$/,
];

/** Returns the paths in the code spans and drawings of a document that lead to no file or folder of the repository. */
export function missingPaths({ path, markdown }: Document): string[] {
  const bases = [...BASES, dirname(path)];
  return pathsOf(markdown).filter((named) => bases.every((base) => !existsSync(join(ROOT, base, named))));
}

function pathsOf(markdown: string): string[] {
  const spans = [...prose(markdown).matchAll(CODE)].map(({ groups }) => groups?.code ?? '');
  const drawings = [...markdown.matchAll(DRAWING)].map(({ groups }) => groups?.drawing ?? '');
  return [
    ...spans.filter((code) => code !== GENERATED && PATHS.some((path) => path.test(code))),
    ...drawings.flatMap((drawing) => drawing.match(DRAWN) ?? []),
  ];
}
