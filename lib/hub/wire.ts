import { COMMANDS, type PubSubClient, type WireListener } from './client.js';
import { keySlot } from './key-slot.js';
import type { Link } from './link.js';
import type { ChannelKind } from '../channel/message.js';

type Verb = 'subscribe' | 'unsubscribe';
type Links = ReadonlyMap<string, Link>;

interface Request {
  readonly verb: Verb;
  readonly kind: ChannelKind;
  readonly binary: boolean;
  readonly links: Link[];
}

interface Batch {
  readonly requests: Request[];
  /** Those that take further names, by `keyOf`. */
  readonly open: Map<number, Request>;
  readonly fenced: (() => void)[];
}

/** Of names that nobody subscribes: Redis answers an UNSUBSCRIBE of one behind all that it has sent before. */
const FENCE = 'rx-redis-receiver:fence:';

/** Hears of every message that a listener of ours gets. */
export type Deliver = (link: Link, data: string | Buffer, channel: string, binary: boolean) => void;

/**
 * What goes to the client and comes from it. Channels share one listener a mode and go out many in one command, sharded
 * ones those of one slot; patterns have a listener each, because a listener is never told which pattern it was.
 */
export class Wire {
  readonly #client: PubSubClient;
  readonly #deliver: Deliver;
  readonly #onHeard: () => void;
  readonly #shared: Readonly<Record<'channel' | 'shard', { text: WireListener; binary: WireListener }>>;
  readonly #ofPattern = {
    text: new WeakMap<Link, WireListener>(),
    binary: new WeakMap<Link, WireListener>(),
  };
  #batch: Batch | undefined;
  #fences = 0;

  /** @param onHeard is called when Redis has acknowledged a subscription */
  constructor(
    client: PubSubClient,
    links: Readonly<Record<ChannelKind, Links>>,
    deliver: Deliver,
    onHeard: () => void,
  ) {
    this.#client = client;
    this.#deliver = deliver;
    this.#onHeard = onHeard;
    this.#shared = { channel: this.#listenersOf(links.channel), shard: this.#listenersOf(links.shard) };
  }

  /** What is asked for while `work` runs goes out together at its end. */
  batch(work: () => void): void {
    if (this.#batch) return work();
    const batch = (this.#batch = { requests: [], open: new Map(), fenced: [] } as Batch);
    try {
      work();
    } finally {
      this.#batch = undefined;
      for (const request of batch.requests) this.#send(request);
      if (batch.fenced.length > 0) this.#sendFence(batch.fenced);
    }
  }

  /** Calls back once all has come that Redis has sent by now, or none of it can come any more. */
  fence(onPassed: () => void): void {
    if (this.#batch) this.#batch.fenced.push(onPassed);
    else this.#sendFence([onPassed]);
  }

  request(verb: Verb, link: Link, binary: boolean): void {
    const { kind } = link;
    const batch = this.#batch;
    if (!batch) return this.#send({ verb, kind, binary, links: [link] });
    const isAlone = kind === 'pattern' || (verb === 'unsubscribe' && !this.#isOnlyListener(link, binary));
    const key = isAlone ? undefined : keyOf(verb, link, binary);
    const open = key === undefined ? undefined : batch.open.get(key);
    if (open) {
      open.links.push(link);
    } else {
      const request = { verb, kind, binary, links: [link] };
      batch.requests.push(request);
      if (key !== undefined) batch.open.set(key, request);
    }
  }

  /** Strikes our listeners from the client's registry, without a command; false where the client has no registry. */
  forget(link: Link): boolean {
    const registry = this.#client.getPubSubListeners?.(COMMANDS[link.kind].type);
    if (!registry) return false;
    const listeners = registry.get(link.name);
    listeners?.strings.delete(this.#listener(link, false));
    listeners?.buffers.delete(this.#listener(link, true));
    if (listeners?.strings.size === 0 && listeners.buffers.size === 0) registry.delete(link.name);
    return true;
  }

  /** Whether the error came from Redis or from the client's arguments check, and not from a connection that died. */
  isRefusal(error: unknown): boolean {
    if (this.#client.isReady === false || !(error instanceof Error)) return false;
    return typeof (error as NodeJS.ErrnoException).code !== 'string' && !TRANSPORT_ERRORS.test(error.message);
  }

  #send(request: Request): void {
    const { verb, kind, binary, links } = request;
    const [first, second] = links;
    if (!first) return;
    const settle = (error?: unknown) => {
      this.batch(() => {
        for (const link of links) link.settle(error);
      });
    };
    const isAsked = verb === 'subscribe' && this.#isNew(links);
    // Alone, the empty name would mean all names to node-redis.
    const names = second || first.name === '' ? links.map(({ name }) => name) : first.name;
    this.#call(verb, kind, names, this.#listener(first, binary), binary).then(
      () => {
        if (isAsked) this.#onHeard();
        settle();
      },
      (error: unknown) => {
        // Redis refuses a command as a whole: halving finds the name that it means, and the others still succeed.
        if (!second || !this.isRefusal(error))
          return settle(error ?? new Error('The client rejected without an error.'));
        const middle = links.length >> 1;
        this.#send({ ...request, links: links.slice(0, middle) });
        this.#send({ ...request, links: links.slice(middle) });
      },
    );
  }

  /** Whether Redis is asked: where all names have other listeners, the client answers for itself. */
  #isNew(links: readonly Link[]): boolean {
    return links.some(
      ({ kind, name }) => this.#client.getPubSubListeners?.(COMMANDS[kind].type).get(name) === undefined,
    );
  }

  #sendFence(fenced: readonly (() => void)[]): void {
    const pass = () => {
      this.batch(() => {
        for (const onPassed of fenced) onPassed();
      });
    };
    const listener = () => undefined;
    this.#call('unsubscribe', 'channel', `${FENCE}${this.#fences++}`, listener, false).then(pass, pass);
  }

  #call(verb: Verb, kind: ChannelKind, names: string | string[], listener: WireListener, binary: boolean) {
    const method = COMMANDS[kind][verb];
    try {
      return binary ? this.#client[method](names, listener, true) : this.#client[method](names, listener);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * A command for many names that also has names with other listeners removes ours only at its reply, and races with
   * whoever removes theirs meanwhile; a command for such a name alone does it at once.
   */
  #isOnlyListener(link: Link, binary: boolean): boolean {
    const listeners = this.#client.getPubSubListeners?.(COMMANDS[link.kind].type).get(link.name);
    if (!listeners || listeners.strings.size + listeners.buffers.size !== 1) return false;
    return (binary ? listeners.buffers : listeners.strings).has(this.#listener(link, binary));
  }

  #listener(link: Link, binary: boolean): WireListener {
    const mode = binary ? 'binary' : 'text';
    if (link.kind !== 'pattern') return this.#shared[link.kind][mode];
    let listener = this.#ofPattern[mode].get(link);
    if (!listener) {
      listener = (data, channel) => this.#deliver(link, data, channel.toString(), binary);
      this.#ofPattern[mode].set(link, listener);
    }
    return listener;
  }

  #listenersOf(links: Links): { text: WireListener; binary: WireListener } {
    const deliver = this.#deliver;
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
}

/** The same for names that go out in one command. A number, because there may be very many. */
function keyOf(verb: Verb, { kind, name }: Link, binary: boolean): number {
  // A cluster takes only names of one slot in one command.
  const slot = kind === 'shard' ? keySlot(name) : -1;
  return (slot + 1) * 4 + (verb === 'subscribe' ? 2 : 0) + (binary ? 1 : 0);
}

/** The texts of node-redis's own errors about a connection; those of sockets carry a `code`, those of Redis neither. */
const TRANSPORT_ERRORS =
  /^(Socket closed unexpectedly|Socket timeout|Connection timeout|The client is (closed|offline)|Disconnects client|All the root nodes are unavailable)/;
