import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { onPath } from './on-path.js';

const MANAGERS = {
  'apt-get': { steps: [['update'], ['install', '--yes', '--no-install-recommends']], asRoot: true },
  dnf: { steps: [['install', '--assumeyes']], asRoot: true },
  apk: { steps: [['add']], asRoot: true },
  pacman: { steps: [['-Sy', '--noconfirm']], asRoot: true },
  brew: { steps: [['install']], asRoot: false },
};

type Manager = keyof typeof MANAGERS;

// Debian starts an installed service unless the system looks like a single-user one.
const ENVIRONMENT = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];

/** Installs a program with the system's package manager; throws if that is not permitted or fails. */
export function installPackage(
  program: string,
  nameFor: (manager: Manager) => string,
  log: (line: string) => void,
): void {
  const manager = (Object.keys(MANAGERS) as Manager[]).find((command) => onPath(command));
  if (!manager) throw new Error('no supported package manager');
  const { steps, asRoot } = MANAGERS[manager];
  const prefix = asRoot ? rootPrefix() : [];

  for (const [index, step] of steps.entries()) {
    const line = [manager, ...step, ...(index === steps.length - 1 ? [nameFor(manager)] : [])];
    log(`${program}: running ${line.join(' ')}`);
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
