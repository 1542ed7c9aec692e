import { execFileSync } from 'node:child_process';
import { pack } from './pack.js';
import { temporaryFolder } from './temporary-folder.js';

const run = (...args: string[]) => execFileSync('npx', ['--no-install', ...args], { stdio: 'inherit' });

using folder = temporaryFolder();
const tarball = pack(folder.path);
run('publint', 'run', '--strict', tarball);
run('attw', tarball);
