import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Contestant } from './contestant.js';
import type { HandlerTask, MessageTask, Report, SubscribeTask } from './measured/protocol.js';

const TIME_LIMIT = 60_000;

export interface Run {
  readonly contestant: Contestant;
  readonly script:
    | 'receive-messages'
    | 'time-messages'
    | 'subscribe-channels'
    | 'hold-channels'
    | 'handle-events'
    | 'handle-values';
  readonly task: MessageTask | SubscribeTask | HandlerTask;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** Folder for the CPU profile of the process. */
  readonly profile: string | undefined;
}

/** Fresh process of one contestant. */
export class MeasuredProcess {
  readonly contestant: Contestant;
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;

  private constructor({ contestant, script, task, profile, flags: given = [] }: Run) {
    this.contestant = contestant;
    const file = join(contestant.snapshot, 'measured', `${script}.js`);
    const flags = profile === undefined ? given : [...given, ...profilerFlags(profile, contestant)];
    this.#child = spawn(process.execPath, [...flags, file, JSON.stringify(task)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exit = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** Starts a process. Resolves when the process is ready. */
  static async start(run: Run): Promise<MeasuredProcess> {
    const started = new MeasuredProcess(run);
    await started.#report();
    return started;
  }

  /** Makes the process work, by sending a message or by calling `give`, and resolves to its report. */
  async ask<K extends Report['is']>(
    is: K,
    give: () => unknown = () => this.#child.send('go'),
  ): Promise<Extract<Report, { is: K }>> {
    const reported = this.#report();
    await give();
    const report = await reported;
    if (report.is !== is) throw new Error(`"${this.contestant.title}" reported ${report.is}, not ${is}`);
    return report as Extract<Report, { is: K }>;
  }

  /** Disconnects, so that the process ends by itself: a process that is profiled has to. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exit;
  }

  #report(): Promise<Report> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), TIME_LIMIT);
      const onExit = (code: number | null, signal: string | null) => {
        clearTimeout(timer);
        reject(new Error(`"${this.contestant.title}" ended with ${String(code ?? signal)}`));
      };
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        clearTimeout(timer);
        this.#child.off('exit', onExit);
        resolve(message as Report);
      });
    });
  }
}

function profilerFlags(folder: string, { title }: Contestant): string[] {
  const name = `${title.replace(/\W+/g, '-')}-${Date.now()}.cpuprofile`;
  return ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', name];
}
