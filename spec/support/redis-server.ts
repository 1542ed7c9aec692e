import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findRedisServer } from './find-redis-server.js';
import { freePort } from './free-port.js';
import { RedisProcess } from './redis-process.js';

const ATTEMPTS = 20;
const RETRY_AFTER = 50;

export interface RedisServerOptions {
  /** Further command-line arguments, such as `['--requirepass', 'secret']`. */
  readonly args?: readonly string[];
  /** The port. @default a free one */
  readonly port?: number;
}

/** A real Redis on a loopback port, without persistence, for one test file. */
export class RedisServer implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #binary: string;
  readonly #dir: string;
  #port: number;
  #process!: RedisProcess;

  private constructor(binary: string, dir: string, port: number, args: readonly string[]) {
    this.#binary = binary;
    this.#dir = dir;
    this.#port = port;
    this.#args = args;
  }

  static async start({ args = [], port }: RedisServerOptions = {}): Promise<RedisServer> {
    const binary = await findRedisServer();
    const dir = await mkdtemp(join(tmpdir(), 'redis-'));
    const server = new RedisServer(binary, dir, port ?? (await freePort()), args);
    try {
      await server.#run(port === undefined ? freePort : undefined);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.#port)}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** Ends the server and removes its directory; does nothing if the server has ended. */
  async stop(): Promise<void> {
    await this.#process.terminate();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Ends the server as a crash does: connections break without notice. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Suspends the server: it no longer replies, and its connections stay open. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process.signal('SIGCONT');
  }

  /** Starts a new, empty server on the same port, whether the old one runs or was killed. */
  async restart(): Promise<void> {
    await this.#process.terminate();
    await this.#run();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(otherPort?: () => Promise<number>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#process = await RedisProcess.start(this.#binary, this.#commandLine(), this.#dir);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
        if (otherPort) this.#port = await otherPort();
        else await delay(RETRY_AFTER);
      }
    }
  }

  #commandLine(): string[] {
    const port = String(this.#port);
    const own = ['--port', port, '--bind', '127.0.0.1', '--dir', this.#dir, '--daemonize', 'no'];
    return [...own, '--save', '', '--appendonly', 'no', ...this.#args];
  }
}
