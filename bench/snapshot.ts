import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const MEASURED = join(import.meta.dirname, 'measured');

/**
 * Compiles the package of a checkout as `npm run build` does, and the scripts of the measured processes of this checkout,
 * into a folder of its own. The measured processes run plain JavaScript, and later changes of the sources do not reach them.
 */
export function takeSnapshot(checkout: string, folder: string): string {
  const root = resolve(checkout);
  mkdirSync(join(folder, 'measured'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');

  const output = ['--outDir', join(folder, 'dist/esm'), '--declaration', 'false'];
  const noMaps = ['--sourceMap', 'false', '--inlineSources', 'false'];
  execFileSync('npx', ['--no-install', 'tsc', '--project', 'tsconfig.esm.json', ...output, ...noMaps], {
    cwd: root,
    stdio: 'inherit',
  });

  for (const file of readdirSync(MEASURED)) {
    const { outputText } = ts.transpileModule(readFileSync(join(MEASURED, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(folder, 'measured', file.replace(/\.ts$/, '.js')), outputText);
  }
  return folder;
}
