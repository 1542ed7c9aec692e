import { spawn } from 'node:child_process';
import { bundleScript } from './bundle.js';
import { ROOT } from './root.js';

const TIME_LIMIT = 30_000;

export interface ScriptOptions {
  readonly redisUrl: string;
  /** Milliseconds after which the script is killed, and the promise rejects. @default 30000 */
  readonly timeLimit?: number;
}

/** Runs a TypeScript file; resolves with its output if it exits with 0. */
export async function runScript(
  file: string,
  { redisUrl, timeLimit = TIME_LIMIT }: ScriptOptions,
): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, REDIS_URL: redisUrl, NO_COLOR: '1' };
  // A test runner whose output is a terminal asks its child processes for colours.
  delete env.FORCE_COLOR;
  const bundle = await bundleScript(file);

  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', bundle], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeLimit,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = signal ? `did not end within ${String(timeLimit)} ms` : `exited with code ${String(code)}`;
      reject(new Error([`${file} ${end}`, stdout, stderr].filter(Boolean).join('\n')));
    });
  });
}
