import { EventEmitter } from 'node:events';
import type { OwnedClient } from '../../../lib/open/client-factory.js';
import type { OpenTarget } from '../../../lib/open/open-options.js';
import { Tries } from '../../../lib/open/tries.js';

const SERVERS = [
  { host: '127.0.0.1', port: 1 },
  { host: '127.0.0.1', port: 2 },
];

const TARGETS: Readonly<Record<OpenTarget['kind'], OpenTarget>> = {
  server: { kind: 'server', options: { socket: SERVERS[0]! } },
  cluster: {
    kind: 'cluster',
    options: { rootNodes: SERVERS.map((socket) => ({ socket })) },
    retryIn: () => false,
  },
  sentinel: {
    kind: 'sentinel',
    options: { name: 'main', sentinelRootNodes: SERVERS },
    retryIn: () => false,
  },
};

/**
 * The tries to connect to a server, or to a cluster or Sentinel set of two servers, with clients that only emit events. A script is
 * a list of steps; `error E` is an event of the present client, and always with the same error for the same name.
 */
export class TriesScene {
  /** The failed attempts: the attempt and the message of its error. */
  readonly log: string[] = [];
  readonly tries: Tries;
  readonly #errors = new Map<string, Error>();
  #client = this.#create();
  #before = this.#client;

  constructor(kind: OpenTarget['kind'], { isReported = true } = {}) {
    const onFailed = (error: Error, attempt: number, where: string) => {
      const { tries } = this;
      if (where !== tries.where || error !== tries.lastError || attempt !== tries.attempt)
        throw new Error('The report does not agree with the state.');
      this.log.push(`${attempt} ${error.message}`);
    };
    this.tries = new Tries(TARGETS[kind], isReported ? onFailed : undefined);
    this.#watch();
  }

  run(steps: readonly string[]): this {
    for (const step of steps) this.#do(step);
    return this;
  }

  error(name: string): Error {
    const error = this.#errors.get(name) ?? new Error(name);
    this.#errors.set(name, error);
    return error;
  }

  #do(step: string): void {
    const handler = this.#events[step];
    if (handler) return handler();
    const [, who, event, name] = /^(old )?(\S+) (.+)$/.exec(step) ?? [];
    const client = who ? this.#before : this.#client;
    if (event === 'client-error') client.emit(event, { error: this.error(name!) });
    else if (event === 'text') client.emit('error', name);
    else if (event === 'rejected') this.tries.rejected(this.error(name!), this.#attemptBefore);
    else if (event === 'cause') this.error(name![0]!).cause = this.error(name![2]!);
    else client.emit(event!, this.error(name!));
  }

  /** The number of failed attempts when the present client was made. */
  #attemptBefore = 0;

  readonly #events: Readonly<Record<string, () => void>> = {
    opened: () => this.tries.opened(),
    ignored: () => this.tries.ignore(),
    closed: () => (this.#client.isOpen = false),
    away: () => (this.#client.isReady = false),
    back: () => (this.#client.isReady = true),
    next: () => {
      this.#before = this.#client;
      this.#client = this.#create();
      this.#watch();
    },
    ready: () => void this.#client.emit('ready'),
    reconnecting: () => void this.#client.emit('reconnecting'),
    'node-ready': () => void this.#client.emit('node-ready'),
    'topology-change': () => void this.#client.emit('topology-change'),
  };

  #watch(): void {
    this.#attemptBefore = this.tries.attempt;
    this.tries.watch(this.#client as unknown as OwnedClient);
  }

  #create() {
    // Without a listener, an emitter would throw the error.
    return Object.assign(
      new EventEmitter().on('error', () => undefined),
      { isOpen: true, isReady: true },
    );
  }
}
