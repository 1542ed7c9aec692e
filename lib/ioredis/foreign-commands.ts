import { asyncScheduler } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import type { IoredisInternals } from './ioredis-client.js';
import { KINDS } from './kinds.js';

/** An observer of what other code does with the client. */
export interface ForeignObserver {
  /** Returns whether a command of this package is being sent now. */
  isOurs(): boolean;
  /** Resolves when the pending commands of this package for these names are answered or given up; undefined without any. */
  answers(kind: SubscriptionKind, wireNames: readonly string[] | undefined): Promise<unknown> | undefined;
  /** Called when other code has unsubscribed these names of one kind, as Redis has them, or all of the kind. */
  onUnsubscribed(kind: SubscriptionKind, wireNames: readonly string[] | undefined, since: number): void;
  /** Called when the user closes the client, as opposed to a client that gives up. */
  onClosing(): void;
}

interface SentCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise?: Promise<unknown>;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

const UNSUBSCRIBING: Readonly<Record<string, readonly SubscriptionKind[]>> = {
  unsubscribe: ['channel'],
  punsubscribe: ['pattern'],
  sunsubscribe: ['shard'],
  reset: KINDS,
};

/**
 * The commands of other code on the client. ioredis emits no event for an UNSUBSCRIBE, and the same one for a client that its
 * user has closed and for one that has given up. The methods `sendCommand` and `disconnect`, through which everything goes,
 * are therefore wrapped while the client is watched.
 */
export class IoredisForeignCommands {
  readonly #client: Record<string, unknown>;
  readonly #observer: ForeignObserver;
  #restore: (() => void)[] = [];

  constructor(redis: IoredisInternals, observer: ForeignObserver) {
    this.#client = redis as unknown as Record<string, unknown>;
    this.#observer = observer;
  }

  watch(): void {
    if (this.#restore.length > 0) return;
    this.#wrap('sendCommand', ([command]) => this.#onCommand(command as SentCommand));
    this.#wrap('disconnect', ([reconnect]) => {
      if (reconnect !== true) this.#observer.onClosing();
    });
  }

  unwatch(): void {
    for (const restore of this.#restore.splice(0)) restore();
  }

  #onCommand({ name, args, promise }: SentCommand): void {
    const command = name.toLowerCase();
    if (command === 'quit') return this.#observer.onClosing();
    const kinds = UNSUBSCRIBING[command];
    if (!kinds || this.#observer.isOurs()) return;
    const names = args.length > 0 ? args.map(String) : undefined;
    const since = asyncScheduler.now();
    for (const kind of kinds) {
      const tell = () => this.#observer.onUnsubscribed(kind, names, since);
      // With tracing, and in a pipeline, what ioredis returns for an earlier command settles later.
      const earlier = this.#observer.answers(kind, names);
      const answered = earlier ? Promise.allSettled([promise, earlier]) : Promise.resolve(promise);
      answered.then(tell, tell);
    }
  }

  #wrap(name: string, onCalled: (args: readonly unknown[]) => void): void {
    const client = this.#client;
    const original = client[name] as Method | undefined;
    if (typeof original !== 'function') return;
    const isOwn = Object.hasOwn(client, name);
    const isWatching = () => this.#restore.length > 0;
    const wrapper: Method = function (...args) {
      if (isWatching()) onCalled(args);
      return original.apply(this, args);
    };
    client[name] = wrapper;
    this.#restore.push(() => {
      // Other code may have wrapped the method since, and still calls this wrapper, which has no effect any more.
      if (client[name] !== wrapper) return;
      if (isOwn) client[name] = original;
      else Reflect.deleteProperty(client, name);
    });
  }
}
