import { COMMANDS, type PubSubClient, type ClientListener, type NameListeners } from './client.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { SubscriptionKind } from '../channel-kind.js';

type Subscriptions = ReadonlyMap<string, RedisSubscription>;

type Mode = 'strings' | 'buffers';

/** The function that takes each message of a ClientListener; in binary mode with the bytes of the channel's name. */
export type Deliver = (
  subscription: RedisSubscription,
  data: string | Buffer,
  channel: string,
  binary: boolean,
  rawChannel?: Buffer,
) => void;

/**
 * The functions that the client calls with the messages of the subscriptions. A command for many channels passes one shared
 * function for all of them, which has to look up the subscription of each message. At the first message of an acknowledged
 * channel, a function of the channel's own, which knows its subscription, replaces the shared one in the client's registry.
 * Before an UNSUBSCRIBE the shared one returns. Patterns have a function of their own from the beginning, because node-redis
 * never tells a listener which pattern matched.
 */
export class ClientListeners {
  readonly #client: PubSubClient;
  readonly #subscriptions: Readonly<Record<SubscriptionKind, Subscriptions>>;
  readonly #deliver: Deliver;
  readonly #shared: Readonly<Record<'channel' | 'shard', Record<Mode, ClientListener>>>;

  constructor(
    client: PubSubClient,
    subscriptions: Readonly<Record<SubscriptionKind, Subscriptions>>,
    deliver: Deliver,
  ) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#deliver = deliver;
    this.#shared = { channel: this.#sharedBy('channel'), shard: this.#sharedBy('shard') };
  }

  /** Returns the listener to pass with a command for this subscription. */
  ofCommand(subscription: RedisSubscription, binary: boolean): ClientListener {
    if (subscription.kind === 'pattern') return this.#own(subscription, binary);
    return this.#shared[subscription.kind][modeOf(binary)];
  }

  /**
   * Removes the shared listener that an outdated command of a subscription has added, if a newer subscription has taken its
   * place and has its own listener. Otherwise the shared listener belongs to the next command for the name.
   */
  discard(subscription: RedisSubscription, binary: boolean): void {
    const { kind, name } = subscription;
    const current = this.#subscriptions[kind].get(name);
    if (kind === 'pattern' || !current || current === subscription) return;
    const listeners = this.#registry(kind)?.get(name)?.[modeOf(binary)];
    const own = ownOf(current, binary);
    if (own !== undefined && listeners?.has(own)) listeners.delete(this.ofCommand(subscription, binary));
  }

  /**
   * Puts the shared listener back before an UNSUBSCRIBE. Returns whether our listener is the only one that the client has for
   * the name.
   */
  share(subscription: RedisSubscription, binary: boolean): boolean {
    const entry = this.#registry(subscription.kind)?.get(subscription.name);
    if (!entry) return false;
    const mode = modeOf(binary);
    const listeners = entry[mode];
    const ofCommand = this.ofCommand(subscription, binary);
    const own = ownOf(subscription, binary);
    const isOnly = entry.strings.size + entry.buffers.size === 1;
    if (own === undefined || own === ofCommand || !listeners.has(own))
      return isOnly && listeners.has(ofCommand);
    entry[mode] = replaced(listeners, own, ofCommand);
    return isOnly;
  }

  /**
   * Registers subscriptions, all of one kind, for a command that subscribes them whatever the client believes; returns
   * undefined if the client has no registry. Their entries keep their listeners throughout, so that no message is lost
   * meanwhile.
   */
  registerAnew(
    subscriptions: readonly RedisSubscription[],
    kind: SubscriptionKind,
    binary: boolean,
  ): Map<string, NameListeners> | undefined {
    const registry = this.#registry(kind);
    if (!registry) return undefined;
    const mode = modeOf(binary);
    const anew = new Map<string, NameListeners>();
    for (const subscription of subscriptions) {
      const entry = registry.get(subscription.name) ?? { buffers: new Set(), strings: new Set() };
      entry.unsubscribing = false;
      const own = ownOf(subscription, binary);
      if (own === undefined || !entry[mode].has(own)) entry[mode].add(this.ofCommand(subscription, binary));
      registry.delete(subscription.name);
      anew.set(subscription.name, entry);
    }
    return anew;
  }

  /** Returns the number of names of a kind that the client has listeners for; `Infinity` if the client has no registry. */
  count(kind: SubscriptionKind): number {
    return this.#registry(kind)?.size ?? Infinity;
  }

  /** Returns whether the client still has our listener for a subscription, and other code has not unsubscribed the name. */
  isRegistered(subscription: RedisSubscription): boolean {
    const { kind, name, textListener, bufferListener } = subscription;
    const registry = this.#registry(kind);
    if (!registry) return true;
    const entry = registry.get(name);
    if (entry === undefined || entry.unsubscribing === true) return false;
    const { strings, buffers } = entry;
    if ((textListener && strings.has(textListener)) || (bufferListener && buffers.has(bufferListener)))
      return true;
    const shared = kind === 'pattern' ? undefined : this.#shared[kind];
    return shared !== undefined && (strings.has(shared.strings) || buffers.has(shared.buffers));
  }

  /** Returns whether the client has listeners of other code for this name. */
  isShared(subscription: RedisSubscription): boolean {
    const entry = this.#registry(subscription.kind)?.get(subscription.name);
    if (!entry) return false;
    return [...entry.strings, ...entry.buffers].some(
      (listener) => !this.#isOurs(subscription, listener as ClientListener),
    );
  }

  #isOurs(subscription: RedisSubscription, listener: ClientListener): boolean {
    if (listener === subscription.textListener || listener === subscription.bufferListener) return true;
    return (
      subscription.kind !== 'pattern' && Object.values(this.#shared[subscription.kind]).includes(listener)
    );
  }

  /** Returns whether some of these names, all of one kind, are new to the client, so that it sends a command to Redis. */
  someAreNew(subscriptions: readonly RedisSubscription[], kind: SubscriptionKind): boolean {
    const registry = this.#registry(kind);
    return subscriptions.some(({ name }) => registry?.get(name) === undefined);
  }

  /** Removes our listeners from the client's registry, without a command; returns false if the client has no registry. */
  forget(subscription: RedisSubscription): boolean {
    const registry = this.#registry(subscription.kind);
    if (!registry) return false;
    const entry = registry.get(subscription.name);
    if (!entry) return true;
    entry.strings.delete(this.ofCommand(subscription, false));
    entry.buffers.delete(this.ofCommand(subscription, true));
    if (subscription.textListener) entry.strings.delete(subscription.textListener);
    if (subscription.bufferListener) entry.buffers.delete(subscription.bufferListener);
    if (entry.strings.size + entry.buffers.size === 0) registry.delete(subscription.name);
    return true;
  }

  #sharedBy(kind: 'channel' | 'shard'): Record<Mode, ClientListener> {
    const subscriptions = this.#subscriptions[kind];
    return {
      strings: (data, channel) => {
        const subscription = subscriptions.get(channel as string);
        if (subscription === undefined) return;
        this.#separate(subscription, false);
        this.#deliver(subscription, payloadOf(data, false), channel as string, false);
      },
      buffers: (data, channel) => {
        const name = channel.toString();
        const subscription = subscriptions.get(name);
        if (subscription === undefined) return;
        this.#separate(subscription, true);
        this.#deliver(subscription, payloadOf(data, true), name, true, channel as Buffer);
      },
    };
  }

  /** Puts the own listener of a subscription in the place of the shared one, unless an operation in flight needs that one. */
  #separate(subscription: RedisSubscription, binary: boolean): void {
    const entry = subscription.isConfirmed && this.#registry(subscription.kind)?.get(subscription.name);
    if (!entry) return;
    const mode = modeOf(binary);
    entry[mode] = replaced(
      entry[mode],
      this.ofCommand(subscription, binary),
      this.#own(subscription, binary),
    );
  }

  #registry(kind: SubscriptionKind) {
    return this.#client.getPubSubListeners?.(COMMANDS[kind].type);
  }

  #own(subscription: RedisSubscription, binary: boolean): ClientListener {
    const deliver = this.#deliver;
    if (binary)
      return (subscription.bufferListener ??= (data, channel) =>
        deliver(subscription, payloadOf(data, true), channel.toString(), true, channel as Buffer));
    if (subscription.name === INVALIDATE)
      return (subscription.textListener ??= (data, channel) =>
        deliver(subscription, payloadOf(data, false), channel as string, false));
    return (subscription.textListener ??= (data, channel) =>
      deliver(subscription, data, channel as string, false));
  }
}

function modeOf(binary: boolean): Mode {
  return binary ? 'buffers' : 'strings';
}

function ownOf(subscription: RedisSubscription, binary: boolean): ClientListener | undefined {
  return binary ? subscription.bufferListener : subscription.textListener;
}

/** Returns a new Set, because the client may be iterating over the old one, and would reach a listener added to it. */
function replaced(
  listeners: NameListeners[Mode],
  old: ClientListener,
  own: ClientListener,
): NameListeners[Mode] {
  const anew = new Set<ClientListener>();
  for (const listener of listeners as Iterable<ClientListener>) anew.add(listener === old ? own : listener);
  return anew;
}

/** The channel of CLIENT TRACKING … REDIRECT. Its payload is not a text, but a list of keys, or null for all keys. */
const INVALIDATE = '__redis__:invalidate';

/** Makes a payload of the value that the client passes: a list of keys becomes one key a line, and null the empty text. */
function payloadOf(data: unknown, binary: boolean): string | Buffer {
  if (typeof data === 'string' || Buffer.isBuffer(data)) return data;
  const keys = Array.isArray(data) ? (data as (string | Buffer)[]) : [];
  if (!binary) return keys.map(String).join('\n');
  return Buffer.concat(
    keys.flatMap((key, index) => (index > 0 ? [LINE_FEED, Buffer.from(key)] : [Buffer.from(key)])),
  );
}

const LINE_FEED = Buffer.from('\n');
