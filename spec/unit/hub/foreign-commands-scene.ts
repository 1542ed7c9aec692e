import { EventEmitter } from 'node:events';
import { channel as diagnosticsChannel } from 'node:diagnostics_channel';
import type { PubSubClient } from '../../../lib/hub/client.js';
import { ForeignCommands, type ForeignCommandsObserver } from '../../../lib/hub/foreign-commands.js';

type Method = (...args: unknown[]) => unknown;

const HANDOFF = diagnosticsChannel('node-redis:connection:handoff');

const METHODS = [
  'unsubscribe',
  'UNSUBSCRIBE',
  'pUnsubscribe',
  'PUNSUBSCRIBE',
  'sUnsubscribe',
  'SUNSUBSCRIBE',
];
const OTHERS = ['reset', 'sendCommand', '_executeMulti', '_executePipeline', 'subscribe'];

/** The watch on a client that only writes down, and answers when it is told to; the time is 1, 2, 3 … at each look. */
export class ForeignCommandsScene {
  /** The calls of the client, as `call <method>`, and those of the observer, in order. */
  log: string[] = [];
  /** The methods of the client are inherited, like those of node-redis, except the ones in this list. */
  readonly client: Record<string, Method | undefined> & { _clientId?: string };
  readonly prototype: Readonly<Record<string, Method>>;
  readonly foreign: ForeignCommands;
  readonly #emitter = new EventEmitter();
  readonly #pending: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #now = 0;

  constructor({ lacks = [] as readonly string[], own = [] as readonly string[] } = {}) {
    const names = [...METHODS, ...OTHERS].filter((name) => !lacks.includes(name));
    this.prototype = Object.fromEntries(names.map((name) => [name, () => this.#called(name)]));
    this.client = Object.create(this.prototype) as Record<string, Method>;
    // A client inherits these, and no method of its own may be left on it.
    for (const name of ['on', 'off', 'emit'] as const)
      (this.prototype as Record<string, Method>)[name] = (...args) =>
        (this.#emitter[name] as Method).apply(this.#emitter, args);
    for (const name of own) this.client[name] = () => this.#called(`own ${name}`);
    this.foreign = new ForeignCommands(
      this.client as unknown as PubSubClient,
      this.#observer(),
      () => ++this.#now,
    );
  }

  call(method: string, ...args: unknown[]): unknown {
    return this.client[method]!(...args);
  }

  /** Answers the oldest command, and lets the answer arrive. */
  async answer(error?: Error): Promise<void> {
    const { resolve, reject } = this.#pending.shift()!;
    if (error) reject(error);
    else resolve();
    for (let level = 0; level < 3; level++) await Promise.resolve();
  }

  handOff(message: unknown): void {
    HANDOFF.publish(message);
  }

  /** Returns what has been written down since the last call. */
  written(): string[] {
    return this.log.splice(0);
  }

  #called(name: string): Promise<void> {
    this.log.push(`call ${name}`);
    const outcome = new Promise<void>((resolve, reject) => this.#pending.push({ resolve, reject }));
    // The caller takes care of a rejection.
    outcome.catch(() => undefined);
    return outcome;
  }

  #observer(): ForeignCommandsObserver {
    const write = (...words: unknown[]) => void this.log.push(words.join(' '));
    const all = (names: readonly string[] | undefined) => (names ? `[${names.join(' ')}]` : 'all');
    return {
      onUnsubscribing: (kind, names) => write('unsubscribing', kind, all(names)),
      onUnsubscribed: (kind, names, since) => write('unsubscribed', kind, all(names), 'since', since),
      onDropped: (kind, names, since) => write('dropped', kind, all(names), 'since', since),
      onAnswered: () => write('answered'),
      onHandoff: () => write('handoff'),
    };
  }
}
