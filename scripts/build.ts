import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

const run = (...args: string[]) => execFileSync('npx', ['--no-install', ...args], { stdio: 'inherit' });

rmSync('dist', { recursive: true, force: true });
run('tsc', '--project', 'tsconfig.esm.json');
run('tsc', '--project', 'tsconfig.cjs.json');

// Without this file Node would take the CommonJS files for ES modules, because the package is of type "module".
mkdirSync('dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
