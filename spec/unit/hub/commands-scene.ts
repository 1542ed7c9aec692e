import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import type { ServerClient } from '../../../lib/hub/client.js';
import type { ClientListeners } from '../../../lib/hub/client-listeners.js';
import type { ForeignCommands } from '../../../lib/hub/foreign-commands.js';
import type { RedisSubscription } from '../../../lib/hub/redis-subscription.js';
import { SubscribeCommands } from '../../../lib/hub/subscribe-commands.js';
import type { Verb } from '../../../lib/hub/subscribe-request.js';

export interface CommandsSceneOptions {
  /** Whether the client has a registry that takes listeners. */
  readonly canExtend?: boolean;
  /** The names that have listeners of other code, too. */
  readonly shared?: readonly string[];
  /** The names that the client believes to be subscribed. */
  readonly known?: readonly string[];
}

interface RequestOptions {
  readonly kind?: SubscriptionKind | undefined;
  readonly binary?: boolean;
}

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The commands to a client that only writes them down, and answers on request. */
export class CommandsScene {
  /** The commands that the client has been given, and not been asked for since. */
  #sent: string[] = [];
  /** The outcome of each name, in order. */
  outcomes: string[] = [];
  /** The calls of the observer and of the listeners' registry. */
  calls: string[] = [];
  readonly client = { isReady: true };
  readonly foreign = { isUnsubscribing: false, ours: <T>(work: () => T): T => this.#runOurs(work) };
  readonly commands: SubscribeCommands;
  /** An error that the client throws in place of sending a command. */
  thrown: Error | undefined;
  #isOurs = false;
  readonly #pending: Pending[] = [];
  readonly #subscriptions = new Map<string, RedisSubscription>();

  constructor({ canExtend = false, shared = [], known = [] }: CommandsSceneOptions = {}) {
    const extend = (type: string, anew: ReadonlyMap<string, unknown>) =>
      this.#send(`EXTEND ${type}`, [...anew.keys()]);
    const client = Object.assign(
      this.client,
      this.#methods(),
      canExtend ? { extendPubSubListeners: extend } : {},
    );
    const clientListeners = {
      ofCommand: () => () => undefined,
      someAreNew: (list: RedisSubscription[]) => list.some(({ name }) => !known.includes(name)),
      share: (subscription: RedisSubscription) =>
        this.#call('share', [subscription]) && !shared.includes(subscription.name),
      discard: (subscription: RedisSubscription) => this.#call('discard', [subscription]),
      forget: (subscription: RedisSubscription) => this.#call('forget', [subscription]),
      registerAnew: (list: RedisSubscription[]) => new Map(list.map(({ name }) => [name, {}])),
    };
    this.commands = new SubscribeCommands(
      client as unknown as ServerClient,
      clientListeners as unknown as ClientListeners,
      this.foreign as unknown as ForeignCommands,
      { onHeard: () => void this.calls.push('heard'), onQuiet: () => void this.calls.push('quiet') },
    );
  }

  /** Returns the commands sent since the last call. */
  sent(): string[] {
    return this.#sent.splice(0);
  }

  request(verb: Verb, name: string, { kind, binary = false }: RequestOptions = {}): void {
    this.commands.request(verb, this.subscription(name, kind), binary);
  }

  /** Makes requests, written as `subscribe a`, in one batch. */
  batch(requests: readonly string[], options?: { kind?: SubscriptionKind }): void {
    this.commands.batch(() => {
      for (const request of requests) {
        const [verb, name = '', mode] = request.split(' ') as [Verb, string?, string?];
        this.request(verb, name === "''" ? '' : name, { ...options, binary: mode === 'buffers' });
      }
    });
  }

  subscription(name: string, kind: SubscriptionKind = 'channel'): RedisSubscription {
    const onOperationEnded = (error?: Error) =>
      void this.outcomes.push(error ? `${name}: ${error.message}` : name);
    const made =
      this.#subscriptions.get(name) ?? ({ kind, name, onOperationEnded } as unknown as RedisSubscription);
    this.#subscriptions.set(name, made);
    return made;
  }

  /** Answers the oldest command, and lets the answer arrive. */
  async answer(error?: unknown): Promise<void> {
    const pending = this.#pending.shift();
    if (error === undefined) pending?.resolve();
    else pending?.reject(error);
    await arrival();
  }

  /** Answers all commands: refuses each command that has one of these names. */
  async answerAll(refused: readonly string[], error: Error): Promise<string[]> {
    const all: string[] = [];
    for (let list = this.sent(); list.length > 0; list = this.sent()) {
      for (const command of list) {
        all.push(command);
        await this.answer(command.split(' ').some((word) => refused.includes(word)) ? error : undefined);
      }
    }
    return all;
  }

  #call(entry: string, list: readonly RedisSubscription[]): boolean {
    this.calls.push(`${entry} ${list.map(({ name }) => name).join(' ')}`);
    return true;
  }

  #methods(): Record<string, unknown> {
    const names = ['subscribe', 'unsubscribe', 'pSubscribe', 'pUnsubscribe', 'sSubscribe', 'sUnsubscribe'];
    return Object.fromEntries(
      names.map((method) => [
        method,
        (list: string | string[], _: unknown, binary?: boolean) =>
          this.#send(method.toUpperCase(), [list].flat(), Array.isArray(list) && list.length === 1, binary),
      ]),
    );
  }

  /** Runs a command of the package; the commands of other code are reported. */
  #runOurs<T>(work: () => T): T {
    this.#isOurs = true;
    try {
      return work();
    } finally {
      this.#isOurs = false;
    }
  }

  #send(command: string, names: readonly string[], isList = false, binary = false): Promise<void> {
    if (this.thrown) throw this.thrown;
    const words = isList ? [`[${names[0] === '' ? "''" : names[0]}]`] : names;
    const isReported = !this.#isOurs && !command.startsWith('EXTEND');
    this.#sent.push(
      `${isReported ? 'reported: ' : ''}${command} ${words.join(' ')}${binary ? ' (buffers)' : ''}`,
    );
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }
}

/** Resolves behind all promises that are settled by now, and behind the promises that these settle. */
function arrival(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
