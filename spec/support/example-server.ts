import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './root.js';
import { until } from './until.js';

const START_TIMEOUT = 60_000;

/** A process that runs an example and serves its page until it is ended. */
export class ExampleServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #end: Promise<unknown[]>;
  #output = '';

  private constructor(file: string, redisUrl: string | undefined) {
    const env: NodeJS.ProcessEnv = { ...process.env, PORT: '0', NO_COLOR: '1' };
    delete env.REDIS_URL;
    if (redisUrl !== undefined) env.REDIS_URL = redisUrl;
    delete env.FORCE_COLOR;
    this.#child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, env });
    this.#end = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** Starts an example, on its own Redis by default; resolves when the example has printed its address. */
  static async start(file: string, redisUrl?: string): Promise<ExampleServer> {
    const server = new ExampleServer(file, redisUrl);
    const isUp = () => server.#url !== undefined || server.#child.exitCode !== null;
    await until(isUp, { message: `${file} to serve`, timeout: START_TIMEOUT });
    if (server.#child.exitCode !== null) throw new Error(`${file} ended:\n${server.#output}`);
    return server;
  }

  get url(): string {
    return this.#url ?? '';
  }

  get output(): string {
    return this.#output;
  }

  /** Ends the example as Ctrl-C does; resolves with its exit code. */
  async interrupt(): Promise<unknown> {
    this.#child.kill('SIGINT');
    const [code] = await this.#end;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#end;
  }

  get #url(): string | undefined {
    return /http:\/\/\S+/.exec(this.#output)?.[0];
  }
}
