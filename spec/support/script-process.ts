import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { bundleScript } from './bundle.js';
import { ROOT } from './root.js';
import { until } from './until.js';

const START_TIMEOUT = 30_000;

/** A process that runs a TypeScript file until it ends or is killed. */
export class ScriptProcess implements AsyncDisposable {
  /** Resolves with the exit code or the signal of the process. */
  readonly end: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(bundle: string, environment: NodeJS.ProcessEnv) {
    const env = { ...process.env, ...environment, NO_COLOR: '1' };
    delete (env as NodeJS.ProcessEnv).FORCE_COLOR;
    this.#child = spawn(process.execPath, ['--enable-source-maps', bundle], { cwd: ROOT, env });
    this.end = once(this.#child, 'close').then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  static async start(file: string, environment: NodeJS.ProcessEnv): Promise<ScriptProcess> {
    return new ScriptProcess(await bundleScript(file), environment);
  }

  /** The output so far. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves with the first match in the output; rejects if the process ends without one. */
  async printed(expected: RegExp): Promise<string> {
    const match = () => expected.exec(this.#output)?.[0];
    const message = `${String(expected)} in the output`;
    await until(() => this.hasEnded || match() !== undefined, { message, timeout: START_TIMEOUT });
    const found = match();
    if (found === undefined) throw new Error(`The process ended without ${message}:\n${this.#output}`);
    return found;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.end;
  }
}
