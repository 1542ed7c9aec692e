import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import {
  COMMANDS,
  type ClientListener,
  type NameListeners,
  type PubSubClient,
} from '../../../lib/hub/client.js';
import { ClientListeners, type Deliver } from '../../../lib/hub/client-listeners.js';
import type { RedisSubscription } from '../../../lib/hub/redis-subscription.js';

export type Mode = 'strings' | 'buffers';

type ListenerNames = 'shared' | 'own' | 'newer' | 'other';

/**
 * The registry of a client with one name, written as words. `shared` and `own` are listeners of the subscription, `newer`
 * belongs to a newer subscription of the same name, and `other` to other code; `-` is a name without an entry.
 */
export class ListenersScene {
  readonly name: string;
  readonly registry = new Map<string, NameListeners>();
  readonly delivered: unknown[][] = [];
  readonly subscription: RedisSubscription;
  readonly newer: RedisSubscription;
  readonly clientListeners: ClientListeners;
  readonly #kind: SubscriptionKind;
  readonly #current: Record<SubscriptionKind, Map<string, RedisSubscription>>;

  constructor(kind: SubscriptionKind, { hasRegistry = true, name = 'news' } = {}) {
    this.#kind = kind;
    this.name = name;
    this.subscription = { kind, name, isConfirmed: true } as RedisSubscription;
    this.newer = { kind, name } as RedisSubscription;
    this.#current = { channel: new Map(), pattern: new Map(), shard: new Map() };
    this.#current[kind].set(name, this.subscription);
    const getPubSubListeners: PubSubClient['getPubSubListeners'] = (type) =>
      type === COMMANDS[kind].type ? this.registry : new Map<string, NameListeners>();
    const client = (hasRegistry ? { getPubSubListeners } : {}) as PubSubClient;
    const deliver: Deliver = (...args) => void this.delivered.push(args);
    this.clientListeners = new ClientListeners(client, this.#current, deliver);
  }

  /** Lets a newer subscription of the name take the place of the first one. */
  replace(): void {
    this.#current[this.#kind].set(this.name, this.newer);
  }

  put(mode: Mode, cell: string): void {
    if (cell === '-') return;
    const words = cell.split(' ').filter((word) => word !== '');
    const entry = this.registry.get(this.name) ?? { strings: new Set(), buffers: new Set() };
    this.registry.set(this.name, entry);
    for (const word of words) {
      if (word === 'unsubscribing') entry.unsubscribing = true;
      else entry[mode].add(this.#listener(word as ListenerNames, mode));
    }
  }

  /** Begins an operation on the name. */
  operate(): void {
    Object.assign(this.subscription, { isConfirmed: false });
  }

  /** Calls the shared listener, as the client does with a message. */
  message(mode: Mode): void {
    const isBinary = mode === 'buffers';
    const name = isBinary ? Buffer.from(this.name) : this.name;
    this.clientListeners.ofCommand(this.subscription, isBinary)('x', name);
  }

  /** Creates the listener of the subscription, in the registry or not. */
  createOwn(mode: Mode): void {
    this.#listener('own', mode);
  }

  /** Returns the words for an entry, by default for the one in the registry. */
  words(mode: Mode, entry = this.registry.get(this.name)): string {
    if (!entry) return '-';
    const listeners = [...entry[mode]].map((listener) => this.wordFor(listener as ClientListener));
    return [...listeners, ...(entry.unsubscribing ? ['unsubscribing'] : [])].join(' ');
  }

  wordFor(listener: ClientListener): ListenerNames {
    const { subscription, newer } = this;
    if ([subscription.textListener, subscription.bufferListener].includes(listener)) return 'own';
    if ([newer.textListener, newer.bufferListener].includes(listener)) return 'newer';
    const shared = [false, true].map((binary) => this.clientListeners.ofCommand(subscription, binary));
    return shared.includes(listener) ? 'shared' : 'other';
  }

  #listener(word: ListenerNames, mode: Mode): ClientListener {
    const { subscription, newer } = this;
    const field = mode === 'buffers' ? 'bufferListener' : 'textListener';
    switch (word) {
      case 'shared':
        return this.clientListeners.ofCommand(subscription, mode === 'buffers');
      case 'own':
        return (subscription[field] ??= () => undefined);
      case 'newer':
        return (newer[field] ??= () => undefined);
      case 'other':
        return () => undefined;
    }
  }
}
