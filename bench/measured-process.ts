import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Contestant } from './contestant.js';
import type { Cost, MessageTask, Report, SubscribeTask } from './measured/protocol.js';

const TIME_LIMIT = 120_000;

export interface Run {
  readonly contestant: Contestant;
  readonly script: 'receive-messages' | 'subscribe-channels';
  readonly task: MessageTask | SubscribeTask;
  /** A folder for its CPU profile. */
  readonly profile: string | undefined;
  /** It is ready, or has come to the end of a window. */
  readonly onProgress?: (is: 'ready' | 'window') => void;
}

/** Runs one contestant in a fresh process; rejects if that ends without a result. */
export async function measure({ contestant, script, task, profile, onProgress }: Run): Promise<Cost> {
  const file = join(contestant.snapshot, 'measured', `${script}.js`);
  const child = spawn(process.execPath, [...profilerFlags(profile, contestant), file, JSON.stringify(task)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    return await result(child, contestant, onProgress);
  } finally {
    await ended(child);
  }
}

function result(child: ChildProcess, { title }: Contestant, onProgress: Run['onProgress']): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
    }, TIME_LIMIT);
    child.on('message', (message) => {
      const report = message as Report;
      if (report.is === 'done') resolve(report.cost);
      else onProgress?.(report.is);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`"${title}" ended with ${String(code ?? signal)} and without a result`));
    });
    child.once('error', reject);
  });
}

/** A measured process ends by itself when nobody listens to it any more: one that is profiled has to. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  if (child.connected) child.disconnect();
  await exit;
}

function profilerFlags(folder: string | undefined, { title }: Contestant): string[] {
  if (folder === undefined) return [];
  const name = `${title.replace(/\W+/g, '-')}-${Date.now()}.cpuprofile`;
  return ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', name];
}
