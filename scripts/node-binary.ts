import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns the path of another version of Node. Installs this version into a folder of its own, unless it is there already.
 */
export function nodeBinary(version: string, folder: string): string {
  // The package `node` installs this package for the platform, but with an install script.
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(folder, `node-${version}`);
  const binary = join(prefix, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) {
    const options = ['--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...options, `${name}@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  const actual = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (actual !== `v${version}`) throw new Error(`expected Node ${version}, got ${actual}`);
  return binary;
}
