import { COMMANDS, type PubSubClient, type ClientListener, type NameListeners } from './client.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { ChannelKind } from '../channel-kind.js';

type Subscriptions = ReadonlyMap<string, RedisSubscription>;

type Mode = 'strings' | 'buffers';

/** Hears of every message that a listener of ours gets; in binary mode with the bytes of the channel's name. */
export type Deliver = (
  subscription: RedisSubscription,
  data: string | Buffer,
  channel: string,
  binary: boolean,
  rawChannel?: Buffer,
) => void;

/**
 * The functions that the client calls for the subscriptions. A command for many channels takes one function for all of them, which has
 * to look up whose message it is. Once Redis has acknowledged, each channel has one of its own put in the place of the shared
 * one in the client's registry, which knows; and before the next command it is taken back. Patterns have their own from the
 * beginning, because a listener is never told which pattern it was.
 */
export class ClientListeners {
  readonly #client: PubSubClient;
  readonly #subscriptions: Readonly<Record<ChannelKind, Subscriptions>>;
  readonly #deliver: Deliver;
  readonly #shared: Readonly<Record<'channel' | 'shard', Record<Mode, ClientListener>>>;

  constructor(
    client: PubSubClient,
    subscriptions: Readonly<Record<ChannelKind, Subscriptions>>,
    deliver: Deliver,
  ) {
    this.#client = client;
    this.#subscriptions = subscriptions;
    this.#deliver = deliver;
    this.#shared = {
      channel: sharedBy(subscriptions.channel, deliver),
      shard: sharedBy(subscriptions.shard, deliver),
    };
  }

  /** What a command about it is given. */
  ofCommand(subscription: RedisSubscription, binary: boolean): ClientListener {
    if (subscription.kind === 'pattern') return this.#own(subscription, binary);
    return this.#shared[subscription.kind][modeOf(binary)];
  }

  /** Redis has acknowledged the subscription of these, of one kind. */
  separate(subscriptions: readonly RedisSubscription[], kind: ChannelKind, binary: boolean): void {
    const registry = this.#registry(kind);
    if (!registry || kind === 'pattern') return;
    const mode = modeOf(binary);
    const shared = this.#shared[kind][mode];
    for (const subscription of subscriptions) {
      const listeners = registry.get(subscription.name)?.[mode];
      const current = this.#subscriptions[kind].get(subscription.name);
      if (!current || !listeners?.has(shared)) continue;
      if (current === subscription) listeners.add(this.#own(subscription, binary));
      // Another may have taken the place of this one meanwhile: then the shared one may be what its command brings.
      const own = ownOf(current, binary);
      if (own !== undefined && listeners.has(own)) listeners.delete(shared);
    }
  }

  /** A command about these, of one kind, is to be sent. */
  share(subscriptions: readonly RedisSubscription[], kind: ChannelKind, binary: boolean): void {
    const registry = this.#registry(kind);
    if (!registry || kind === 'pattern') return;
    const mode = modeOf(binary);
    const shared = this.#shared[kind][mode];
    for (const subscription of subscriptions) {
      const own = ownOf(subscription, binary);
      if (own === undefined) continue;
      const entry = registry.get(subscription.name);
      if (!entry?.[mode].has(own)) continue;
      // A new Set: the client may be walking this one just now, and would come to what is added.
      const listeners = new Set<ClientListener>().add(shared);
      if (entry[mode].size > 1)
        for (const other of entry[mode] as Iterable<ClientListener>) if (other !== own) listeners.add(other);
      entry[mode] = listeners;
    }
  }

  /**
   * Registers these, of one kind, for a command that subscribes them whatever the client believes; undefined where the client
   * has no registry. None of them is missing from it for a moment, so that nothing which still comes is lost.
   */
  registerAnew(
    subscriptions: readonly RedisSubscription[],
    kind: ChannelKind,
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

  /** The names of a kind that the client has listeners for; `Infinity` where it has no registry. */
  count(kind: ChannelKind): number {
    return this.#registry(kind)?.size ?? Infinity;
  }

  /** Returns whether the client still has our listener for a subscription, and no other UNSUBSCRIBE has dropped the name. */
  isRegistered(subscription: RedisSubscription): boolean {
    const registry = this.#registry(subscription.kind);
    if (!registry) return true;
    const entry = registry.get(subscription.name);
    if (!entry || entry.unsubscribing === true) return false;
    return [false, true].some((binary) => {
      const own = ownOf(subscription, binary);
      const listeners = entry[modeOf(binary)];
      return listeners.has(this.ofCommand(subscription, binary)) || (own !== undefined && listeners.has(own));
    });
  }

  /** Returns whether the client has listeners of this name that are not ours. */
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

  /** Whether the client listens to some of these, of one kind, for nobody, so that it would ask Redis. */
  someAreNew(subscriptions: readonly RedisSubscription[], kind: ChannelKind): boolean {
    const registry = this.#registry(kind);
    return subscriptions.some(({ name }) => registry?.get(name) === undefined);
  }

  /** Whether ours is all that the client has for this name. */
  isOnly(subscription: RedisSubscription, binary: boolean): boolean {
    const entry = this.#registry(subscription.kind)?.get(subscription.name);
    if (!entry || entry.strings.size + entry.buffers.size !== 1) return false;
    const listeners = entry[modeOf(binary)];
    const own = ownOf(subscription, binary);
    return listeners.has(this.ofCommand(subscription, binary)) || (own !== undefined && listeners.has(own));
  }

  /** Strikes ours from the client's registry, without a command; false where the client has no registry. */
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

  #registry(kind: ChannelKind) {
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

function sharedBy(subscriptions: Subscriptions, deliver: Deliver): Record<Mode, ClientListener> {
  return {
    strings: (data, channel) => {
      const subscription = subscriptions.get(channel as string);
      if (subscription !== undefined) deliver(subscription, payloadOf(data, false), channel as string, false);
    },
    buffers: (data, channel) => {
      const name = channel.toString();
      const subscription = subscriptions.get(name);
      if (subscription !== undefined)
        deliver(subscription, payloadOf(data, true), name, true, channel as Buffer);
    },
  };
}

/** The channel of CLIENT TRACKING … REDIRECT. Its payload is not a text, but a list of keys, or null for all. */
const INVALIDATE = '__redis__:invalidate';

/** Makes a payload of what the client hands over: a list of keys becomes one key a line, and null the empty text. */
function payloadOf(data: unknown, binary: boolean): string | Buffer {
  if (typeof data === 'string' || Buffer.isBuffer(data)) return data;
  const keys = Array.isArray(data) ? (data as (string | Buffer)[]) : [];
  if (!binary) return keys.map(String).join('\n');
  return Buffer.concat(
    keys.flatMap((key, index) => (index > 0 ? [LINE_FEED, Buffer.from(key)] : [Buffer.from(key)])),
  );
}

const LINE_FEED = Buffer.from('\n');
