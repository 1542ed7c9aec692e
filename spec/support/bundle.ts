import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './root.js';

// Bundles start in a third of the time, and of the CPU time, that the hundreds of files of the package take with tsx.

/** A folder in which Node finds the installed packages. */
const CACHE = join(ROOT, 'node_modules', '.cache');
const OPTIONS = {
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  outExtension: { '.js': '.mjs' },
  tsconfig: join(ROOT, 'tsconfig.json'),
} as const;

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly import: { readonly types: string } }>>;
}

/** Bundles the entry points of the package, for the scripts of all specs; returns the new folder of the bundles. */
export async function bundlePackage(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const outdir = mkdtempSync(join(CACHE, 'bundles-'));
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const entryPoints = Object.fromEntries(
    Object.entries(exports).flatMap(([path, entry]) => {
      if (typeof entry === 'string') return [];
      const source = entry.import.types.replace('./dist/esm/', 'lib/').replace('.d.ts', '.ts');
      return [[join(name, path), join(ROOT, source)]];
    }),
  );
  await build({ ...OPTIONS, entryPoints, outdir, splitting: true });
  return outdir;
}

/** Bundles a script, which imports the bundles of the package; returns the path of its bundle. */
export async function bundleScript(file: string): Promise<string> {
  const folder = process.env.BUNDLES;
  if (folder === undefined) throw new Error('The global setup of the specs has not bundled the package.');
  const outfile = join(folder, `${basename(file, '.ts')}-${randomUUID()}.mjs`);
  await build({
    ...OPTIONS,
    entryPoints: [resolve(ROOT, file)],
    outfile,
    plugins: [importPackageFrom(folder)],
  });
  return outfile;
}

function importPackageFrom(folder: string): Plugin {
  return {
    name: 'import the bundles of the package',
    setup({ onResolve }) {
      onResolve({ filter: /^rx-redis-receiver(\/|$)/ }, ({ path }) => ({
        path: pathToFileURL(join(folder, `${path}.mjs`)).href,
        external: true,
      }));
    },
  };
}
