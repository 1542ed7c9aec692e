import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { onPath } from './on-path.js';

interface PackageManager {
  readonly command: string;
  readonly steps: readonly (readonly string[])[];
  readonly asRoot: boolean;
}

const PACKAGE_MANAGERS: readonly PackageManager[] = [
  {
    command: 'apt-get',
    steps: [['update'], ['install', '--yes', '--no-install-recommends', 'redis-server']],
    asRoot: true,
  },
  { command: 'dnf', steps: [['install', '--assumeyes', 'redis']], asRoot: true },
  { command: 'apk', steps: [['add', 'redis']], asRoot: true },
  { command: 'pacman', steps: [['-Sy', '--noconfirm', 'redis']], asRoot: true },
  { command: 'brew', steps: [['install', 'redis']], asRoot: false },
];

// Debian starts a service it installs, unless it takes the system for a single-user one.
const ENVIRONMENT = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];

/** Installs Redis with the system's package manager; rejects when it may not or cannot. */
export function installRedisServer(log: (line: string) => void): void {
  const manager = PACKAGE_MANAGERS.find(({ command }) => onPath(command));
  if (!manager) throw new Error('no package manager that is known here');
  const prefix = manager.asRoot ? rootPrefix() : [];

  for (const step of manager.steps) {
    const line = [manager.command, ...step];
    log(`redis-server: running ${line.join(' ')}`);
    run([...prefix, 'env', ...ENVIRONMENT, ...line]);
  }
}

function rootPrefix(): string[] {
  if (userInfo().uid === 0) return [];
  const maySudo = onPath('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0;
  if (!maySudo) throw new Error('needs root, or sudo without a password');
  return ['sudo', '-n'];
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr.trim() || `exit code ${String(status)}`);
}
