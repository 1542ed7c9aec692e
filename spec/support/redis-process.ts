import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const START_TIMEOUT = 10_000;
const GRACE = 2_000;
/** The line that a server, or a Sentinel, prints when it accepts commands. */
const READY = /Ready to accept connections|\+monitor master/;

/** One run of a redis-server, from its first accepted connection until its exit. */
export class RedisProcess {
  readonly #child: ChildProcess;
  readonly #watchdog: ChildProcess;
  readonly #exit: Promise<void>;

  private constructor(child: ChildProcess, dir: string) {
    this.#child = child;
    this.#exit = new Promise((resolve) => child.once('close', resolve));
    this.#watchdog = startWatchdog(child.pid, dir);
    void this.#exit.then(() => this.#watchdog.kill('SIGKILL'));
  }

  /** Starts a server; rejects with its output if it does not start. */
  static async start(binary: string, args: readonly string[], dir: string): Promise<RedisProcess> {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    const started = new RedisProcess(child, dir);
    try {
      await accepting(child);
    } catch (error) {
      await started.kill();
      throw error;
    }
    letParentExit(child);
    return started;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  async terminate(): Promise<void> {
    this.signal('SIGTERM');
    // A frozen server handles SIGTERM only after SIGCONT.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), GRACE);
    await this.#exited();
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited();
  }

  #exited(): Promise<void> {
    this.#child.ref();
    return this.#exit;
  }
}

function accepting(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT);
    const fail = (what: string): void => {
      clearTimeout(timer);
      reject(new Error(`redis-server ${what}:\n${output}`));
    };
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!READY.test(output)) return;
      clearTimeout(timer);
      // The output is no longer needed, but the pipe must not fill up.
      child.stdout?.off('data', read).resume();
      child.stderr?.off('data', read).resume();
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('close', (code, signal) => fail(`exited with ${String(code ?? signal)}`));
  });
}

/**
 * Kills the server when this process ends: a killed process runs no exit handler, but its pipe to the watchdog closes.
 */
function startWatchdog(pid: number | undefined, dir: string): ChildProcess {
  const script = 'read -r _; kill -KILL "$1"; rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(pid), dir], {
    // In a process group of its own, because Ctrl-C would end the watchdog first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.on('error', () => undefined);
  letParentExit(watchdog);
  return watchdog;
}

function letParentExit(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as { unref?: () => void } | null)?.unref?.();
  }
}
