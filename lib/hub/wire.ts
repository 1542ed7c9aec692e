import { COMMANDS, type PubSubClient, type WireListener } from './client.js';
import { keySlot } from './key-slot.js';
import type { Link } from './link.js';
import type { Listeners } from './listeners.js';
import type { ChannelKind } from '../channel/message.js';

type Verb = 'subscribe' | 'unsubscribe';

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

/** The commands to the client. Channels go out many in one, sharded ones those of one slot, and patterns alone. */
export class Wire {
  readonly #client: PubSubClient;
  readonly #listeners: Listeners;
  readonly #onHeard: () => void;
  #batch: Batch | undefined;
  #fences = 0;

  /** @param onHeard is called when Redis has acknowledged a subscription */
  constructor(client: PubSubClient, listeners: Listeners, onHeard: () => void) {
    this.#client = client;
    this.#listeners = listeners;
    this.#onHeard = onHeard;
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
    // A command for many names that also has names with other listeners removes ours only at its reply, and races with whoever
    // removes theirs meanwhile; a command for such a name alone does it at once.
    const isAlone = kind === 'pattern' || (verb === 'unsubscribe' && !this.#listeners.isOnly(link, binary));
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
    const listeners = this.#listeners;
    const isAsked = verb === 'subscribe' && listeners.someAreNew(links, kind);
    listeners.share(links, kind, binary);
    // Alone, the empty name would mean all names to node-redis.
    const names = second || first.name === '' ? links.map(({ name }) => name) : first.name;
    this.#call(verb, kind, names, listeners.ofCommand(first, binary), binary).then(
      () => {
        if (isAsked) this.#onHeard();
        if (verb === 'subscribe') listeners.separate(links, kind, binary);
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
