import { COMMANDS, type PubSubClient, type WireListener, type WireListeners } from './client.js';
import type { Link } from './link.js';
import type { ChannelKind } from '../channel/message.js';

type Links = ReadonlyMap<string, Link>;

type Mode = 'strings' | 'buffers';

/** Hears of every message that a listener of ours gets; in binary mode with the bytes of the channel's name. */
export type Deliver = (
  link: Link,
  data: string | Buffer,
  channel: string,
  binary: boolean,
  rawChannel?: Buffer,
) => void;

/**
 * The functions that the client calls for the links. A command for many channels takes one function for all of them, which has
 * to look up whose message it is. Once Redis has acknowledged, each channel has one of its own put in the place of the shared
 * one in the client's registry, which knows; and before the next command it is taken back. Patterns have their own from the
 * beginning, because a listener is never told which pattern it was.
 */
export class Listeners {
  readonly #client: PubSubClient;
  readonly #links: Readonly<Record<ChannelKind, Links>>;
  readonly #deliver: Deliver;
  readonly #shared: Readonly<Record<'channel' | 'shard', Record<Mode, WireListener>>>;

  constructor(client: PubSubClient, links: Readonly<Record<ChannelKind, Links>>, deliver: Deliver) {
    this.#client = client;
    this.#links = links;
    this.#deliver = deliver;
    this.#shared = { channel: sharedBy(links.channel, deliver), shard: sharedBy(links.shard, deliver) };
  }

  /** What a command about it is given. */
  ofCommand(link: Link, binary: boolean): WireListener {
    if (link.kind === 'pattern') return this.#own(link, binary);
    return this.#shared[link.kind][modeOf(binary)];
  }

  /** Redis has acknowledged the subscription of these, of one kind. */
  separate(links: readonly Link[], kind: ChannelKind, binary: boolean): void {
    const registry = this.#registry(kind);
    if (!registry || kind === 'pattern') return;
    const mode = modeOf(binary);
    const shared = this.#shared[kind][mode];
    for (const link of links) {
      const listeners = registry.get(link.name)?.[mode];
      const current = this.#links[kind].get(link.name);
      if (!current || !listeners?.has(shared)) continue;
      if (current === link) listeners.add(this.#own(link, binary));
      // Another may have taken the place of this one meanwhile: then the shared one may be what its command brings.
      const own = ownOf(current, binary);
      if (own !== undefined && listeners.has(own)) listeners.delete(shared);
    }
  }

  /** A command about these, of one kind, is to be sent. */
  share(links: readonly Link[], kind: ChannelKind, binary: boolean): void {
    const registry = this.#registry(kind);
    if (!registry || kind === 'pattern') return;
    const mode = modeOf(binary);
    const shared = this.#shared[kind][mode];
    for (const link of links) {
      const own = ownOf(link, binary);
      if (own === undefined) continue;
      const entry = registry.get(link.name);
      if (!entry?.[mode].has(own)) continue;
      // A new Set: the client may be walking this one just now, and would come to what is added.
      const listeners = new Set<WireListener>().add(shared);
      if (entry[mode].size > 1)
        for (const other of entry[mode] as Iterable<WireListener>) if (other !== own) listeners.add(other);
      entry[mode] = listeners;
    }
  }

  /**
   * Registers these, of one kind, for a command that subscribes them whatever the client believes; undefined where the client
   * has no registry. None of them is missing from it for a moment, so that nothing which still comes is lost.
   */
  registerAnew(
    links: readonly Link[],
    kind: ChannelKind,
    binary: boolean,
  ): Map<string, WireListeners> | undefined {
    const registry = this.#registry(kind);
    if (!registry) return undefined;
    const mode = modeOf(binary);
    const anew = new Map<string, WireListeners>();
    for (const link of links) {
      const entry = registry.get(link.name) ?? { buffers: new Set(), strings: new Set() };
      entry.unsubscribing = false;
      const own = ownOf(link, binary);
      if (own === undefined || !entry[mode].has(own)) entry[mode].add(this.ofCommand(link, binary));
      registry.delete(link.name);
      anew.set(link.name, entry);
    }
    return anew;
  }

  /** The names of a kind that the client has listeners for; `Infinity` where it has no registry. */
  count(kind: ChannelKind): number {
    return this.#registry(kind)?.size ?? Infinity;
  }

  /** Returns whether the client still has our listener for a link, and no other UNSUBSCRIBE has dropped the name. */
  isRegistered(link: Link): boolean {
    const registry = this.#registry(link.kind);
    if (!registry) return true;
    const entry = registry.get(link.name);
    if (!entry || entry.unsubscribing === true) return false;
    return [false, true].some((binary) => {
      const own = ownOf(link, binary);
      const listeners = entry[modeOf(binary)];
      return listeners.has(this.ofCommand(link, binary)) || (own !== undefined && listeners.has(own));
    });
  }

  /** Returns whether the client has listeners of this name that are not ours. */
  isShared(link: Link): boolean {
    const entry = this.#registry(link.kind)?.get(link.name);
    if (!entry) return false;
    return [...entry.strings, ...entry.buffers].some(
      (listener) => !this.#isOurs(link, listener as WireListener),
    );
  }

  #isOurs(link: Link, listener: WireListener): boolean {
    if (listener === link.textListener || listener === link.bufferListener) return true;
    return link.kind !== 'pattern' && Object.values(this.#shared[link.kind]).includes(listener);
  }

  /** Whether the client listens to some of these, of one kind, for nobody, so that it would ask Redis. */
  someAreNew(links: readonly Link[], kind: ChannelKind): boolean {
    const registry = this.#registry(kind);
    return links.some(({ name }) => registry?.get(name) === undefined);
  }

  /** Whether ours is all that the client has for this name. */
  isOnly(link: Link, binary: boolean): boolean {
    const entry = this.#registry(link.kind)?.get(link.name);
    if (!entry || entry.strings.size + entry.buffers.size !== 1) return false;
    const listeners = entry[modeOf(binary)];
    const own = ownOf(link, binary);
    return listeners.has(this.ofCommand(link, binary)) || (own !== undefined && listeners.has(own));
  }

  /** Strikes ours from the client's registry, without a command; false where the client has no registry. */
  forget(link: Link): boolean {
    const registry = this.#registry(link.kind);
    if (!registry) return false;
    const entry = registry.get(link.name);
    if (!entry) return true;
    entry.strings.delete(this.ofCommand(link, false));
    entry.buffers.delete(this.ofCommand(link, true));
    if (link.textListener) entry.strings.delete(link.textListener);
    if (link.bufferListener) entry.buffers.delete(link.bufferListener);
    if (entry.strings.size + entry.buffers.size === 0) registry.delete(link.name);
    return true;
  }

  #registry(kind: ChannelKind) {
    return this.#client.getPubSubListeners?.(COMMANDS[kind].type);
  }

  #own(link: Link, binary: boolean): WireListener {
    const deliver = this.#deliver;
    if (binary)
      return (link.bufferListener ??= (data, channel) =>
        deliver(link, payloadOf(data, true), channel.toString(), true, channel as Buffer));
    if (link.name === INVALIDATE)
      return (link.textListener ??= (data, channel) =>
        deliver(link, payloadOf(data, false), channel as string, false));
    return (link.textListener ??= (data, channel) => deliver(link, data, channel as string, false));
  }
}

function modeOf(binary: boolean): Mode {
  return binary ? 'buffers' : 'strings';
}

function ownOf(link: Link, binary: boolean): WireListener | undefined {
  return binary ? link.bufferListener : link.textListener;
}

function sharedBy(links: Links, deliver: Deliver): Record<Mode, WireListener> {
  return {
    strings: (data, channel) => {
      const link = links.get(channel as string);
      if (link !== undefined) deliver(link, payloadOf(data, false), channel as string, false);
    },
    buffers: (data, channel) => {
      const name = channel.toString();
      const link = links.get(name);
      if (link !== undefined) deliver(link, payloadOf(data, true), name, true, channel as Buffer);
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
