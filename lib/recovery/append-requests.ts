import { createHash } from 'node:crypto';
import { reasonOf } from '../errors/reason-of.js';
import { APPEND_SCRIPT } from '../log/append-script.js';
import type { Reply, ScriptClient, ScriptOptions } from '../log/log-client.js';

const SHA = createHash('sha1').update(APPEND_SCRIPT).digest('hex');

/**
 * Runs the script of a publisher, in the order of the calls. Once the server knows the script, its digest is sent in its place
 * (EVALSHA). A server that has forgotten it refuses all requests that are under way: they are sent again with the script, and
 * later calls wait until then.
 */
export class AppendRequests {
  readonly #client: ScriptClient;
  #isKnown = false;
  /** The number of requests by digest without a reply. */
  #byDigest = 0;
  /** The calls that wait, while refused requests are sent again. */
  #waiting: (() => void)[] | undefined;

  constructor(client: ScriptClient) {
    this.#client = client;
  }

  run(options: ScriptOptions): Reply<unknown> {
    const waiting = this.#waiting;
    if (waiting) return new Promise((resolve) => waiting.push(() => resolve(this.#runWhole(options))));
    return this.#isKnown && this.#client.evalSha ? this.#runDigest(options) : this.#runWhole(options);
  }

  #runWhole(options: ScriptOptions): Reply<unknown> {
    const reply = this.#client.eval(APPEND_SCRIPT, options);
    if (reply instanceof Promise)
      reply.then(
        () => (this.#isKnown = true),
        () => undefined,
      );
    return reply;
  }

  async #runDigest(options: ScriptOptions): Promise<unknown> {
    this.#byDigest++;
    try {
      return await this.#client.evalSha?.(SHA, options);
    } catch (error) {
      if (!reasonOf(error).startsWith('NOSCRIPT')) throw error;
      this.#isKnown = false;
      this.#waiting ??= [];
      return this.#runWhole(options);
    } finally {
      this.#byDigest--;
      if (this.#byDigest === 0) this.#goOn();
    }
  }

  #goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const send of waiting) send();
  }
}
