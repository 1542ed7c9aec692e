import { COMMANDS, type ServerClient, type ClientListener } from './client.js';
import type { ForeignCommands } from './foreign-commands.js';
import { keySlot } from './key-slot.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { ClientListeners } from './client-listeners.js';
import type { ChannelKind } from '../channel/message.js';
import { isError } from '../errors/to-error.js';
import { transition } from '../outbox.js';
import { Ring } from '../queue/ring.js';

/** `'resubscribe'`: the client may believe that it has the names, and has to ask Redis all the same. */
type Verb = 'subscribe' | 'resubscribe' | 'unsubscribe';

interface Request {
  readonly verb: Verb;
  readonly kind: ChannelKind;
  readonly binary: boolean;
  readonly subscriptions: RedisSubscription[];
}

interface Batch {
  readonly requests: Request[];
  /** Those that take further names, by `keyOf`. */
  readonly open: Map<number, Request>;
  readonly fenced: (() => void)[];
}

/** Of names that nobody subscribes: Redis answers an UNSUBSCRIBE of one behind all that it has sent before. */
const FENCE = 'rx-redis-receiver:fence:';

/**
 * The most names, and the most characters in them, that are asked for and not yet acknowledged. Redis repeats each name in its
 * acknowledgement, and cuts a connection that has too much to read (`client-output-buffer-limit pubsub`, 32 MiB by default).
 */
export const MOST_NAMES = 4_096;
export const MOST_CHARACTERS = 131_072;

/** The commands to the client. Channels go out many in one, sharded ones those of one slot, and patterns alone. */
export class SubscribeCommands {
  readonly #client: ServerClient;
  readonly #clientListeners: ClientListeners;
  readonly #foreign: ForeignCommands;
  readonly #observer: WireObserver;
  #batch: Batch | undefined;
  #fences = 0;
  /** Requests that wait until more may be in flight. */
  readonly #waiting = new Ring<Request>();
  /** Names and characters in flight: a new object when nobody answers for the old ones any more. */
  #inFlight: InFlight = { names: 0, characters: 0 };
  #operations = 0;

  constructor(
    client: ServerClient,
    clientListeners: ClientListeners,
    foreign: ForeignCommands,
    observer: WireObserver,
  ) {
    this.#client = client;
    this.#clientListeners = clientListeners;
    this.#foreign = foreign;
    this.#observer = observer;
  }

  /** A number that changes with each operation that begins; undefined while one is in flight. */
  get quietSince(): number | undefined {
    return this.#inFlight.names === 0 ? this.#operations : undefined;
  }

  /** What is asked for while `work` runs goes out together at its end. */
  batch(work: () => void): void {
    if (this.#batch) return work();
    const batch = (this.#batch = { requests: [], open: new Map(), fenced: [] } as Batch);
    try {
      work();
    } finally {
      this.#batch = undefined;
      for (const request of batch.requests) this.#dispatch(request);
      if (batch.fenced.length > 0) this.#sendFence(batch.fenced);
    }
  }

  /** Calls back once all has come that Redis has sent by now, or none of it can come any more. */
  fence(onPassed: () => void): void {
    if (this.#batch) this.#batch.fenced.push(onPassed);
    else this.#sendFence([onPassed]);
  }

  request(verb: Verb, subscription: RedisSubscription, binary: boolean): void {
    const { kind } = subscription;
    const batch = this.#batch;
    if (!batch) return this.#dispatch(assigned({ verb, kind, binary, subscriptions: [subscription] }));
    // A command for many names that also has names with other listeners removes ours only at its reply, and races with whoever
    // removes theirs meanwhile; a command for such a name alone does it at once.
    const isAlone =
      kind === 'pattern' || (verb === 'unsubscribe' && !this.#clientListeners.isOnly(subscription, binary));
    const key = isAlone ? undefined : keyOf(verb, subscription, binary);
    const open = key === undefined ? undefined : batch.open.get(key);
    if (open) {
      open.subscriptions.push(subscription);
      subscription.request = open;
    } else {
      const request = assigned({ verb, kind, binary, subscriptions: [subscription] });
      batch.requests.push(request);
      if (key !== undefined) batch.open.set(key, request);
    }
  }

  /** Nobody will answer for what is in flight; what waits to be sent has failed. */
  restart(): void {
    this.#inFlight = { names: 0, characters: 0 };
    const error = new Error('Socket closed unexpectedly');
    this.batch(() => {
      for (let request = this.#waiting.shift(); request; request = this.#waiting.shift())
        settle(request, error);
    });
  }

  /** Whether the error came from Redis or from the client's arguments check, and not from a connection that died. */
  isRefusal(error: unknown): boolean {
    if (this.#client.isReady === false || !isError(error)) return false;
    return typeof (error as NodeJS.ErrnoException).code !== 'string' && !TRANSPORT_ERRORS.test(error.message);
  }

  #dispatch(request: Request): void {
    this.#waiting.push(request);
    this.#sendMore();
  }

  #sendMore(): void {
    for (let next = this.#waiting.at(0); next; next = this.#waiting.at(0)) {
      const subscriptions = this.#takeNames(next);
      if (!subscriptions) return;
      if (subscriptions === next.subscriptions) this.#waiting.shift();
      this.#sendWithin(subscriptions === next.subscriptions ? next : assigned({ ...next, subscriptions }));
    }
  }

  /** Takes as many names as may go out now; all of them where that is possible, and undefined where none may. */
  #takeNames({ subscriptions }: Request): RedisSubscription[] | undefined {
    const { names, characters } = this.#inFlight;
    let count = 0;
    let length = characters;
    for (; count < subscriptions.length && names + count < MOST_NAMES; count++) {
      length += (subscriptions[count] as RedisSubscription).name.length;
      if (length > MOST_CHARACTERS && names + count > 0) break;
    }
    if (count === 0 && subscriptions.length > 0) return undefined;
    // Small enough: there is nothing to cut.
    return count === subscriptions.length ? subscriptions : subscriptions.splice(0, count);
  }

  #sendWithin(request: Request): void {
    const subscriptions = request.subscriptions.filter((subscription) => subscription.request === request);
    if (subscriptions.length === 0) return;
    count(this.#inFlight, subscriptions, 1);
    this.#send(
      subscriptions.length === request.subscriptions.length
        ? request
        : assigned({ ...request, subscriptions }),
      this.#inFlight,
    );
  }

  #send(request: Request, inFlight: InFlight): void {
    const { verb, kind, binary, subscriptions } = request;
    const [first, second] = subscriptions as [RedisSubscription, ...RedisSubscription[]];
    const clientListeners = this.#clientListeners;
    const isAsked =
      verb === 'resubscribe' || (verb === 'subscribe' && clientListeners.someAreNew(subscriptions, kind));
    this.#operations++;
    const conclude = (error?: unknown) => {
      count(inFlight, subscriptions, -1);
      transition(() => {
        this.batch(() => settle(request, error));
        this.#sendMore();
      });
      if (this.#inFlight.names === 0) this.#observer.onQuiet();
    };
    this.#call(request, first).then(
      () => {
        if (isAsked) this.#observer.onHeard();
        if (verb !== 'unsubscribe') clientListeners.separate(subscriptions, kind, binary);
        conclude();
      },
      (error: unknown) => {
        // Redis refuses a command as a whole: halving finds the name that it means, and the others still succeed.
        if (!second || !this.isRefusal(error))
          return conclude(error ?? new Error('The client rejected without an error.'));
        const middle = subscriptions.length >> 1;
        for (const half of [subscriptions.slice(0, middle), subscriptions.slice(middle)]) {
          const some = half.filter((subscription) => subscription.request === request);
          count(inFlight, half, -1);
          count(inFlight, some, 1);
          if (some.length > 0) this.#send(assigned({ ...request, subscriptions: some }), inFlight);
        }
      },
    );
  }

  #call({ verb, kind, binary, subscriptions }: Request, first: RedisSubscription): Promise<unknown> {
    const clientListeners = this.#clientListeners;
    const { type } = COMMANDS[kind];
    try {
      if (verb === 'resubscribe' && this.#client.extendPubSubListeners && !this.#foreign.isClearing) {
        const anew = clientListeners.registerAnew(subscriptions, kind, binary);
        if (anew) return this.#client.extendPubSubListeners(type, anew as never);
      }
      if (verb === 'resubscribe')
        for (const subscription of subscriptions) clientListeners.forget(subscription);
      clientListeners.share(subscriptions, kind, binary);
      // Alone, the empty name would mean all names to node-redis.
      const names =
        subscriptions.length > 1 || first.name === '' ? subscriptions.map(({ name }) => name) : first.name;
      const method = COMMANDS[kind][verb === 'unsubscribe' ? 'unsubscribe' : 'subscribe'];
      return this.#command(method, names, clientListeners.ofCommand(first, binary), binary);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #sendFence(fenced: readonly (() => void)[]): void {
    const pass = () =>
      transition(() => {
        this.batch(() => {
          for (const onPassed of fenced) onPassed();
        });
      });
    const name = `${FENCE}${this.#fences++}`;
    let passing: Promise<unknown>;
    try {
      passing = this.#command('unsubscribe', name, () => undefined, false);
    } catch (error) {
      passing = Promise.reject(error);
    }
    passing.then(pass, pass);
  }

  #command(
    method: (typeof COMMANDS)[ChannelKind]['subscribe' | 'unsubscribe'],
    names: string | string[],
    listener: ClientListener,
    binary: boolean,
  ): Promise<unknown> {
    const client = this.#client;
    return this.#foreign.ours(() =>
      binary ? client[method](names, listener, true) : client[method](names, listener),
    );
  }
}

interface WireObserver {
  /** Redis has acknowledged a subscription. */
  onHeard(): void;
  /** The last operation in flight is done, and has asked for no other. */
  onQuiet(): void;
}

interface InFlight {
  names: number;
  characters: number;
}

function count(inFlight: InFlight, subscriptions: readonly RedisSubscription[], factor: 1 | -1): void {
  inFlight.names += factor * subscriptions.length;
  for (let i = 0; i < subscriptions.length; i++)
    inFlight.characters += factor * (subscriptions[i] as RedisSubscription).name.length;
}

/** Makes this request the one whose outcome counts for its subscriptions. */
function assigned(request: Request): Request {
  for (const subscription of request.subscriptions) subscription.request = request;
  return request;
}

function settle(request: Request, error: unknown): void {
  for (const subscription of request.subscriptions) {
    if (subscription.request !== request) continue;
    subscription.request = undefined;
    subscription.settle(error);
  }
}

/** The same for names that go out in one command. A number, because there may be very many. */
function keyOf(verb: Verb, { kind, name }: RedisSubscription, binary: boolean): number {
  // A cluster takes only names of one slot in one command.
  const slot = kind === 'shard' ? keySlot(name) : -1;
  return (slot + 1) * 6 + VERBS.indexOf(verb) * 2 + (binary ? 1 : 0);
}

const VERBS: readonly Verb[] = ['subscribe', 'resubscribe', 'unsubscribe'];

/** The texts of node-redis's own errors about a connection; those of sockets carry a `code`, those of Redis neither. */
const TRANSPORT_ERRORS =
  /^(Socket closed unexpectedly|Socket timeout|Connection timeout|The client is (closed|offline)|Disconnects client|All the root nodes are unavailable)/;
