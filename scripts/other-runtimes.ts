import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A runtime other than Node: a name with its version, and the command that runs a script. */
export interface Runtime {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Installs Bun and Deno, the latest that npm has, into a folder of their own; a runtime that cannot be had is left out. */
export function otherRuntimes(folder: string): readonly Runtime[] {
  // The package `bun` needs an install script to find this package for the platform.
  const bun = `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
  return [
    { name: 'bun', from: bun, binary: `${bun}/bin/bun`, args: [] },
    { name: 'deno', from: 'deno', binary: '.bin/deno', args: ['run', '--allow-all', '--quiet'] },
  ].flatMap(({ name, from, binary, args }) => {
    const prefix = join(folder, name);
    const options = ['--prefix', prefix, '--no-audit', '--no-fund', '--ignore-scripts'];
    const command = join(prefix, 'node_modules', binary);
    try {
      execFileSync('npm', ['install', ...options, from], { stdio: 'ignore' });
      const version = execFileSync(command, ['--version'], { encoding: 'utf8' });
      return { title: `${name} ${/\d+\.\d+\.\d+/.exec(version)?.[0] ?? version}`, command, args };
    } catch (error) {
      console.log(`not tried on ${name}: ${String(error).split('\n', 1)[0]}`);
      return [];
    }
  });
}
