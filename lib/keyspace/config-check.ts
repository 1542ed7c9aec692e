import { toError } from '../errors/to-error.js';
import { reasonOf } from '../errors/reason-of.js';
import type { ServerClient } from '../hub/client.js';
import { KeyspaceConfigError, SETTING } from './config-error.js';
import { lackOf } from './flags.js';
import type { Plan } from './plan.js';
import { addressOf, isNodeClient, readSetting } from './read-setting.js';

export interface ConfigCheckHost {
  /** The clients of the servers that are connected now. */
  servers(): readonly ServerClient[];
  /** Called for a server whose setting does not send the notifications. */
  onLacking(error: KeyspaceConfigError): void;
  /** Called for a server that does not show its setting. */
  onUnchecked(error: Error): void;
}

/** The comparison of the servers' settings with the flags that a plan needs. */
export class ConfigCheck {
  readonly #plan: Plan;
  readonly #host: ConfigCheckHost;
  readonly #closing = new AbortController();

  constructor(plan: Plan, host: ConfigCheckHost) {
    this.#plan = plan;
    this.#host = host;
  }

  /** Aborts when the check stops. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  run(): void {
    if (this.signal.aborted) return;
    for (const server of this.#host.servers()) if (isNodeClient(server)) void this.#check(server);
  }

  /** Closes the connections; nothing is reported any more. */
  stop(): void {
    this.#closing.abort();
  }

  async #check(server: Parameters<typeof readSetting>[0]): Promise<void> {
    const { signal } = this;
    const address = addressOf(server);
    const configured = await readSetting(server, signal).catch(toError);
    if (signal.aborted) return;
    if (typeof configured !== 'string') {
      this.#host.onUnchecked(this.#unchecked(address, configured));
      return;
    }
    const lack = lackOf(configured, this.#plan);
    if (lack) this.#host.onLacking(new KeyspaceConfigError({ server: address, configured, ...lack }));
  }

  #unchecked(address: string, cause: Error): Error {
    const needed = lackOf('', this.#plan)?.needed ?? '';
    return new Error(
      `The setting ${SETTING} of ${address} could not be read: ${reasonOf(cause)} Notifications need "${needed}" in it. ` +
        "A managed service has the setting in its console or parameter group; 'check: false' leaves the reading out.",
      { cause },
    );
  }
}
