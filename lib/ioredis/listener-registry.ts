import type { SubscriptionKind } from '../channel-kind.js';
import type { ClientListener, NameListeners } from '../hub/client.js';
import { reportUnhandled } from '../report-unhandled.js';
import { prefixOf } from './acknowledged-names.js';
import type { IoredisClient } from './ioredis-client.js';
import { KINDS } from './kinds.js';

export type Mode = 'strings' | 'buffers';
type Listener = (...args: unknown[]) => void;

/** The channel of CLIENT TRACKING … REDIRECT: its payload is a list, of which ioredis makes a text that has lost the limits. */
const INVALIDATE = '__redis__:invalidate';

/**
 * The listeners by kind and name, and the way from ioredis's events, each of which brings the messages of all names, to the
 * listeners of one name.
 */
export class ListenerRegistry {
  readonly byKind: Readonly<Record<SubscriptionKind, Map<string, NameListeners>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #redis: IoredisClient;
  /** The text that ioredis puts before the names of sharded channels, and of no others. */
  readonly #prefix: string;
  /** The listeners on the client, by event: none of them before it is needed, because ioredis makes a text for each message. */
  readonly #attached = new Map<string, Listener>();

  constructor(redis: IoredisClient) {
    this.#redis = redis;
    this.#prefix = prefixOf(redis);
  }

  /** The number of names. */
  get size(): number {
    return KINDS.reduce((sum, kind) => sum + this.byKind[kind].size, 0);
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Returns the name for which Redis has this one. */
  nameOf(kind: SubscriptionKind, wireName: string): string {
    return kind === 'shard' ? wireName.slice(this.#prefix.length) : wireName;
  }

  /** Listens to the messages of a kind, if that has not begun yet. */
  listen(kind: SubscriptionKind, mode: Mode, name: string): void {
    if (mode === 'buffers' || name === INVALIDATE) this.#listenToBuffers(kind);
    if (mode === 'buffers') return;
    const { [kind]: names } = this.byKind;
    if (kind === 'pattern')
      this.#attach('pmessage', (pattern: string, channel: string, data: string) => {
        const entry = names.get(pattern);
        if (entry !== undefined) call(entry.strings, data, channel);
      });
    else if (kind === 'channel')
      this.#attach('message', (channel: string, data: string) => {
        const entry = names.get(channel);
        if (entry !== undefined && channel !== INVALIDATE) call(entry.strings, data, channel);
      });
    else
      this.#attach('smessage', (wireName: string, data: string) => {
        const channel = this.nameOf('shard', wireName);
        const entry = names.get(channel);
        if (entry !== undefined) call(entry.strings, data, channel);
      });
  }

  /** Removes all listeners from the client. */
  rest(): void {
    for (const [event, listener] of this.#attached) this.#redis.off(event, listener);
    this.#attached.clear();
  }

  #listenToBuffers(kind: SubscriptionKind): void {
    const { [kind]: names } = this.byKind;
    if (kind === 'pattern')
      this.#attach('pmessageBuffer', (pattern: string | Buffer, channel: Buffer, data: Buffer) => {
        const entry = names.get(String(pattern));
        if (entry !== undefined) call(entry.buffers, data, channel);
      });
    else if (kind === 'channel')
      this.#attach('messageBuffer', (channel: Buffer, data: Buffer) => {
        const name = channel.toString();
        const entry = names.get(name);
        if (entry === undefined) return;
        if (name === INVALIDATE) call(entry.strings, data, name);
        call(entry.buffers, data, channel);
      });
    else
      this.#attach('smessageBuffer', (wireName: Buffer, data: Buffer) => {
        const channel = wireName.subarray(Buffer.byteLength(this.#prefix));
        const entry = names.get(channel.toString());
        if (entry !== undefined) call(entry.buffers, data, channel);
      });
  }

  #attach(event: string, listener: (...args: never[]) => void): void {
    if (this.#attached.has(event)) return;
    this.#attached.set(event, listener as Listener);
    this.#redis.on(event, listener as Listener);
  }
}

/** Calls listeners. An error must not get into ioredis's parser, which would lose the rest of the chunk. */
function call(listeners: Iterable<unknown>, data: string | Buffer, channel: string | Buffer): void {
  for (const listener of listeners) {
    try {
      (listener as ClientListener)(data, channel);
    } catch (error) {
      reportUnhandled(error);
    }
  }
}
