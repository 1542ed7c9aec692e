import { COMMANDS, type PubSubClient, type WireListener } from './client.js';
import type { Link } from './link.js';
import type { ChannelKind } from '../channel/message.js';

type Links = ReadonlyMap<string, Link>;

interface Modes {
  readonly text: WireListener;
  readonly binary: WireListener;
}

/** Hears of every message that a listener of ours gets. */
export type Deliver = (link: Link, data: string | Buffer, channel: string, binary: boolean) => void;

/**
 * The functions that the client calls for the links. A command for many channels takes one function for all of them, which has
 * to look up whose message it is. Once Redis has acknowledged, each channel has a function of its own put in the place of the
 * shared one, which knows; and before the next command it is taken back. Patterns have their own from the beginning, because a
 * listener is never told which pattern it was.
 */
export class Listeners {
  readonly #client: PubSubClient;
  readonly #deliver: Deliver;
  readonly #shared: Readonly<Record<'channel' | 'shard', Modes>>;

  constructor(client: PubSubClient, links: Readonly<Record<ChannelKind, Links>>, deliver: Deliver) {
    this.#client = client;
    this.#deliver = deliver;
    this.#shared = { channel: sharedBy(links.channel, deliver), shard: sharedBy(links.shard, deliver) };
  }

  /** What a command about it is given. */
  ofCommand(link: Link, binary: boolean): WireListener {
    if (link.kind === 'pattern') return this.#own(link, binary);
    return this.#shared[link.kind][binary ? 'binary' : 'text'];
  }

  /** Redis has acknowledged its subscription: nothing that shares a listener is to be done with it for now. */
  separate(link: Link, binary: boolean): void {
    const listeners = this.#registry(link)?.get(link.name)?.[binary ? 'buffers' : 'strings'];
    const shared = this.ofCommand(link, binary);
    if (link.kind === 'pattern' || !listeners?.has(shared)) return;
    listeners.add(this.#own(link, binary));
    listeners.delete(shared);
  }

  /** A command about it is to be sent. */
  share(link: Link, binary: boolean): void {
    const own = binary ? link.bufferListener : link.textListener;
    if (own === undefined || link.kind === 'pattern') return;
    const entry = this.#registry(link)?.get(link.name);
    const mode = binary ? 'buffers' : 'strings';
    if (!entry?.[mode].has(own)) return;
    // A new Set: the client may be walking this one just now, and would come to what is added.
    const listeners = new Set(entry[mode] as Iterable<WireListener>);
    listeners.delete(own);
    listeners.add(this.ofCommand(link, binary));
    entry[mode] = listeners;
  }

  /** Whether the client listens to this name for nobody, so that it would ask Redis. */
  isNew(link: Link): boolean {
    return this.#registry(link)?.get(link.name) === undefined;
  }

  /** Whether ours is all that the client has for this name. */
  isOnly(link: Link, binary: boolean): boolean {
    const entry = this.#registry(link)?.get(link.name);
    if (!entry || entry.strings.size + entry.buffers.size !== 1) return false;
    const listeners = binary ? entry.buffers : entry.strings;
    const own = binary ? link.bufferListener : link.textListener;
    return listeners.has(this.ofCommand(link, binary)) || (own !== undefined && listeners.has(own));
  }

  /** Strikes ours from the client's registry, without a command; false where the client has no registry. */
  forget(link: Link): boolean {
    const registry = this.#registry(link);
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

  #registry({ kind }: Link) {
    return this.#client.getPubSubListeners?.(COMMANDS[kind].type);
  }

  #own(link: Link, binary: boolean): WireListener {
    const deliver = this.#deliver;
    if (binary)
      return (link.bufferListener ??= (data, channel) => deliver(link, data, channel.toString(), true));
    return (link.textListener ??= (data, channel) => deliver(link, data, channel as string, false));
  }
}

function sharedBy(links: Links, deliver: Deliver): Modes {
  return {
    text: (data, channel) => {
      const link = links.get(channel as string);
      if (link !== undefined) deliver(link, data, channel as string, false);
    },
    binary: (data, channel) => {
      const name = channel.toString();
      const link = links.get(name);
      if (link !== undefined) deliver(link, data, name, true);
    },
  };
}
