import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SubscriptionKind } from '../channel-kind.js';
import type { PubSubClient } from './client.js';
import { addListeners, removeListeners } from './shared-emitter.js';

/** An observer of changes that other code makes to the subscriptions of a client. */
export interface ForeignCommandsObserver {
  /** Called when other code tells the client to unsubscribe these names of one kind, or all of the kind. */
  onUnsubscribing(kind: SubscriptionKind, names: readonly string[] | undefined): void;
  /** Called when the client has unsubscribed these names of one kind, or all of the kind; our listeners may be gone, too. */
  onUnsubscribed(kind: SubscriptionKind, names: readonly string[] | undefined, since: number): void;
  /** Called when other code has made Redis drop these names of one kind, or all of the kind, unknown to the client. */
  onDropped(kind: SubscriptionKind, names: readonly string[] | undefined, since: number): void;
  /** Called when `isUnsubscribing` has become false. */
  onAnswered(): void;
  /** Called when the client has changed its socket without resubscribing anything on the new one. */
  onHandoff(): void;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

const METHODS = {
  unsubscribe: 'channel',
  UNSUBSCRIBE: 'channel',
  pUnsubscribe: 'pattern',
  PUNSUBSCRIBE: 'pattern',
  sUnsubscribe: 'shard',
  SUNSUBSCRIBE: 'shard',
} as const satisfies Record<string, SubscriptionKind>;

const KINDS: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];

/** Raw commands that drop subscriptions; RESET drops all kinds. */
const RAW: Readonly<Record<string, readonly SubscriptionKind[]>> = {
  UNSUBSCRIBE: ['channel'],
  PUNSUBSCRIBE: ['pattern'],
  SUNSUBSCRIBE: ['shard'],
  RESET: KINDS,
};

/** The diagnostics channel for clients that change their socket because of a maintenance notification (MOVING). */
const HANDOFF = 'node-redis:connection:handoff';

/**
 * The commands by which other code on the client unsubscribes names. node-redis then removes all listeners of a name, or
 * keeps ours for a name that Redis has dropped, and emits no event. The client's methods are therefore wrapped while the
 * client is watched.
 */
export class ForeignCommands {
  readonly #client: Record<string, unknown>;
  readonly #emitter: PubSubClient;
  readonly #observer: ForeignCommandsObserver;
  readonly #now: () => number;
  #restore: (() => void)[] = [];
  #isOurs = false;
  /** The number of unanswered commands by which other code unsubscribes names. */
  #unanswered = 0;
  /** A client of ioredis, as this package adapts it, reports by an event what other code has unsubscribed. */
  readonly #listeners = {
    'names-unsubscribed': (kind: unknown, names: unknown, since: unknown) =>
      this.#observer.onUnsubscribed(kind as SubscriptionKind, names as readonly string[], since as number),
  };
  readonly #onHandoff = (message: unknown): void => {
    const theirs = (message as { readonly clientId?: unknown } | undefined)?.clientId;
    const ours = this.#client._clientId;
    if (theirs === undefined || ours === undefined || theirs === ours) this.#observer.onHandoff();
  };

  constructor(client: PubSubClient, observer: ForeignCommandsObserver, now: () => number) {
    this.#client = client as unknown as Record<string, unknown>;
    this.#emitter = client;
    this.#observer = observer;
    this.#now = now;
  }

  /**
   * Returns whether other code is unsubscribing. Meanwhile no name must enter or leave the client's registry before Redis has
   * replied to a command for it: the reply to the other command would delete the name from the registry, while Redis keeps it.
   * And node-redis recognises the reply to a command without names by the number of names in its registry of the other kinds,
   * and waits for ever if that differs from Redis's.
   */
  get isUnsubscribing(): boolean {
    return this.#unanswered > 0;
  }

  /** Runs a command of this package, which is not reported to the observer. */
  ours<T>(work: () => T): T {
    this.#isOurs = true;
    try {
      return work();
    } finally {
      this.#isOurs = false;
    }
  }

  watch(): void {
    if (this.#restore.length > 0) return;
    for (const [name, kind] of Object.entries(METHODS))
      this.#wrap(name, ([names], outcome) =>
        this.#onUnsubscribing([kind], namesOf(names), outcome, 'onUnsubscribed'),
      );
    this.#wrap('reset', (_, outcome) => this.#onUnsubscribing(KINDS, undefined, outcome, 'onDropped'));
    this.#wrap('sendCommand', ([args]) => this.#onRaw(args));
    for (const method of ['_executeMulti', '_executePipeline'])
      this.#wrap(method, ([commands]) => {
        for (const { args } of commands as readonly { readonly args: unknown }[]) this.#onRaw(args);
      });
    addListeners(this.#emitter, this.#listeners);
    this.#restore.push(() => removeListeners(this.#emitter, this.#listeners));
    subscribe(HANDOFF, this.#onHandoff);
    this.#restore.push(() => unsubscribe(HANDOFF, this.#onHandoff));
  }

  unwatch(): void {
    for (const restore of this.#restore.splice(0)) restore();
  }

  #onUnsubscribing(
    kinds: readonly SubscriptionKind[],
    names: readonly string[] | undefined,
    outcome: unknown,
    event: 'onUnsubscribed' | 'onDropped',
  ): void {
    const since = this.#now();
    this.#unanswered++;
    for (const kind of kinds) this.#observer.onUnsubscribing(kind, names);
    const tell = () => {
      this.#unanswered--;
      for (const kind of kinds) this.#observer[event](kind, names, since);
      if (!this.isUnsubscribing) this.#observer.onAnswered();
    };
    Promise.resolve(outcome).then(tell, tell);
  }

  #onRaw(args: unknown): void {
    if (!Array.isArray(args)) return;
    // Most commands are others, with large arguments perhaps.
    const kinds = RAW[String(args[0]).toUpperCase()];
    if (!kinds) return;
    const names = args.length > 1 ? args.slice(1).map(String) : undefined;
    for (const kind of kinds) this.#observer.onDropped(kind, names, this.#now());
  }

  #wrap(name: string, onCalled: (args: readonly unknown[], outcome: unknown) => void): void {
    const client = this.#client;
    const original = client[name] as Method | undefined;
    if (typeof original !== 'function') return;
    const isOwn = Object.hasOwn(client, name);
    const isOurs = () => this.#isOurs || this.#restore.length === 0;
    const wrapper: Method = function (...args) {
      const isForeign = !isOurs();
      const outcome = original.apply(this, args);
      if (isForeign) onCalled(args, outcome);
      return outcome;
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

/** Returns the names of a call; undefined for all names. The empty string alone means all names to node-redis. */
function namesOf(names: unknown): readonly string[] | undefined {
  if (Array.isArray(names)) return names.map(String);
  return typeof names === 'string' && names !== '' ? [names] : undefined;
}
