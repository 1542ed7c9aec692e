import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ChannelKind } from '../channel-kind.js';
import type { PubSubClient } from './client.js';

/** Hears of changes that other code makes to the subscriptions of a client. */
export interface ForeignCommandsObserver {
  /** The client is told to unsubscribe these names, of one kind, or all of it. */
  onUnsubscribing(kind: ChannelKind, names: readonly string[] | undefined): void;
  /** The client has unsubscribed these names, of one kind, or all of it: perhaps for us, too. */
  onUnsubscribed(kind: ChannelKind, names: readonly string[] | undefined, since: number): void;
  /** Redis has been told to drop these names, or all, without the knowledge of the client. */
  onDropped(kind: ChannelKind, names: readonly string[] | undefined, since: number): void;
  /** The client has changed its socket, and has subscribed nothing on the new one. */
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
} as const satisfies Record<string, ChannelKind>;

/** Raw commands that drop subscriptions; RESET drops all. */
const RAW: Readonly<Record<string, readonly ChannelKind[]>> = {
  UNSUBSCRIBE: ['channel'],
  PUNSUBSCRIBE: ['pattern'],
  SUNSUBSCRIBE: ['shard'],
  RESET: ['channel', 'pattern', 'shard'],
};

/** node-redis publishes it when a maintenance notification (MOVING) has made a client change its socket. */
const HANDOFF = 'node-redis:connection:handoff';

/**
 * Notices at once when other code on the client unsubscribes: node-redis then removes everybody's listeners, or leaves ours
 * on a name that Redis has dropped, and tells nobody. The client's methods are wrapped for as long as it is watched.
 */
export class ForeignCommands {
  readonly #client: Record<string, unknown>;
  readonly #observer: ForeignCommandsObserver;
  readonly #now: () => number;
  #restore: (() => void)[] = [];
  #isOurs = false;
  /** Commands of other code without names that are not answered yet. */
  #clearing = 0;
  readonly #onHandoff = (message: unknown): void => {
    const theirs = (message as { readonly clientId?: unknown } | undefined)?.clientId;
    const ours = this.#client._clientId;
    if (theirs === undefined || ours === undefined || theirs === ours) this.#observer.onHandoff();
  };

  constructor(client: PubSubClient, observer: ForeignCommandsObserver, now: () => number) {
    this.#client = client as unknown as Record<string, unknown>;
    this.#observer = observer;
    this.#now = now;
  }

  /**
   * True while other code unsubscribes all names of a kind. node-redis recognises the answer by the number of names that it
   * has of the other kinds, and waits for ever where one of these is registered before Redis has it.
   */
  get isClearing(): boolean {
    return this.#clearing > 0;
  }

  /** Runs a command of our own, of which nobody has to be told. */
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
    for (const [name, kind] of Object.entries(METHODS)) {
      this.#wrap(name, (args, outcome) => {
        const since = this.#now();
        const names = namesOf(args[0]);
        const change = names ? 0 : 1;
        this.#clearing += change;
        this.#observer.onUnsubscribing(kind, names);
        const tell = () => {
          this.#clearing -= change;
          this.#observer.onUnsubscribed(kind, names, since);
        };
        Promise.resolve(outcome).then(tell, tell);
      });
    }
    this.#wrap('sendCommand', ([args]) => {
      if (!Array.isArray(args)) return;
      const [command, ...names] = args.map(String) as [string, ...string[]];
      for (const kind of RAW[command.toUpperCase()] ?? [])
        this.#observer.onDropped(kind, names.length > 0 ? names : undefined, this.#now());
    });
    subscribe(HANDOFF, this.#onHandoff);
    this.#restore.push(() => unsubscribe(HANDOFF, this.#onHandoff));
  }

  unwatch(): void {
    for (const restore of this.#restore.splice(0)) restore();
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
      // Somebody else may have wrapped it since, and calls ours: it has no effect any more.
      if (client[name] !== wrapper) return;
      if (isOwn) client[name] = original;
      else Reflect.deleteProperty(client, name);
    });
  }
}

/** node-redis takes the empty string, alone, for all names. */
function namesOf(names: unknown): readonly string[] | undefined {
  if (Array.isArray(names)) return names.map(String);
  return typeof names === 'string' && names !== '' ? [names] : undefined;
}
