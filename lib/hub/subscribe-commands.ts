import { COMMANDS, type ServerClient, type ClientListener } from './client.js';
import type { ForeignCommands } from './foreign-commands.js';
import { CommandsInFlight } from './commands-in-flight.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { ClientListeners } from './client-listeners.js';
import type { SubscriptionKind } from '../channel-kind.js';
import { debugLog, titles } from '../debug-log.js';
import { isError } from '../errors/to-error.js';
import { transition } from '../outbox.js';
import { Ring } from '../queue/ring.js';
import {
  assigned,
  endRequest,
  keyOf,
  ofRequest,
  type SubscribeRequest,
  type Verb,
} from './subscribe-request.js';

interface Batch {
  readonly requests: SubscribeRequest[];
  /** The requests that take further names, by `keyOf`. */
  readonly open: Map<number, SubscribeRequest>;
  readonly fenced: (() => void)[];
}

/** The prefix of unused names. Redis's reply to an UNSUBSCRIBE of such a name follows everything sent before it. */
const FENCE = 'rx-redis-receiver:fence:';

/** The commands to the client. One command takes many channels, many sharded channels of one slot, or a single pattern. */
export class SubscribeCommands {
  readonly #client: ServerClient;
  readonly #clientListeners: ClientListeners;
  readonly #foreign: ForeignCommands;
  readonly #observer: CommandsObserver;
  #batch: Batch | undefined;
  #fences = 0;
  /** Requests that wait until more names may be in flight, or until other code has unsubscribed names. */
  readonly #waiting = new Ring<SubscribeRequest>();
  /** The names in flight; a new object replaces it when the old commands will not be answered any more. */
  #inFlight = new CommandsInFlight();
  #operations = 0;

  constructor(
    client: ServerClient,
    clientListeners: ClientListeners,
    foreign: ForeignCommands,
    observer: CommandsObserver,
  ) {
    this.#client = client;
    this.#clientListeners = clientListeners;
    this.#foreign = foreign;
    this.#observer = observer;
  }

  /** A number that changes with each operation that begins; undefined while one is in flight. */
  get quietSince(): number | undefined {
    return this.#inFlight.isEmpty && this.#waiting.length === 0 ? this.#operations : undefined;
  }

  /** Sends the operations requested in `work` together at its end. */
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

  /** Calls back once everything has arrived that Redis has sent by now, or none of it can arrive any more. */
  fence(onPassed: () => void): void {
    if (this.#batch) this.#batch.fenced.push(onPassed);
    else this.#sendFence([onPassed]);
  }

  request(verb: Verb, subscription: RedisSubscription, binary: boolean): void {
    const { kind } = subscription;
    const isOnly = verb !== 'unsubscribe' || this.#clientListeners.share(subscription, binary);
    const batch = this.#batch;
    if (!batch) return this.#dispatch(assigned({ verb, kind, binary, subscriptions: [subscription] }));
    // A command for many names removes our listener of a name with other listeners only at its reply, and so races with
    // other code that removes its own listeners meanwhile. A command for such a name alone removes ours at once.
    const key = kind === 'pattern' || !isOnly ? undefined : keyOf(verb, subscription, binary);
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

  /** Stops counting the commands in flight, which get no reply any more, and fails the requests that wait. */
  restart(): void {
    this.#inFlight = new CommandsInFlight();
    const error = new Error('Socket closed unexpectedly');
    this.batch(() => {
      for (let request = this.#waiting.shift(); request; request = this.#waiting.shift())
        endRequest(request, error);
    });
  }

  /** Returns whether the error comes from Redis or from the client's check of arguments, not from a dead connection. */
  isRefusal(error: unknown): boolean {
    if (this.#client.isReady === false || !isError(error)) return false;
    return typeof (error as NodeJS.ErrnoException).code !== 'string' && !TRANSPORT_ERRORS.test(error.message);
  }

  /** Sends those of the waiting requests that need not wait any more. */
  sendMore(): void {
    for (let next = this.#waiting.at(0); next; next = this.#waiting.at(0)) {
      if (next.verb === 'resubscribe' && this.#foreign.isUnsubscribing) return;
      const subscriptions = this.#inFlight.take(next.subscriptions);
      if (!subscriptions) return;
      if (subscriptions === next.subscriptions) this.#waiting.shift();
      this.#sendWithin(subscriptions === next.subscriptions ? next : assigned({ ...next, subscriptions }));
    }
  }

  #dispatch(request: SubscribeRequest): void {
    this.#waiting.push(request);
    this.sendMore();
  }

  #sendWithin(request: SubscribeRequest): void {
    const subscriptions = ofRequest(request, request.subscriptions);
    if (subscriptions.length === 0) return;
    this.#send(
      subscriptions === request.subscriptions ? request : assigned({ ...request, subscriptions }),
      this.#inFlight,
    );
  }

  #send(request: SubscribeRequest, inFlight: CommandsInFlight): void {
    const { verb, kind, binary, subscriptions } = request;
    const load = inFlight.add(subscriptions);
    const [first, second] = subscriptions as [RedisSubscription, ...RedisSubscription[]];
    const clientListeners = this.#clientListeners;
    const isAsked =
      verb === 'resubscribe' || (verb === 'subscribe' && clientListeners.someAreNew(subscriptions, kind));
    this.#operations++;
    debugLog(() => `${verb} asked of Redis: ${titles(subscriptions)}`);
    const conclude = (error?: unknown) => {
      inFlight.remove(load);
      transition(() => {
        // First, so that Redis works on the next names meanwhile.
        this.sendMore();
        this.batch(() => endRequest(request, error));
      });
      if (this.quietSince !== undefined) this.#observer.onQuiet();
    };
    this.#call(request, first).then(
      () => {
        if (isAsked) this.#observer.onHeard();
        if (verb !== 'unsubscribe')
          for (const subscription of subscriptions)
            if (subscription.request !== request) clientListeners.discard(subscription, binary);
        conclude();
      },
      (error: unknown) => {
        // Redis refuses a command as a whole: halving it finds the refused name, and the others still succeed.
        if (!second || !this.isRefusal(error))
          return conclude(error ?? new Error('The client rejected without an error.'));
        inFlight.remove(load);
        const middle = subscriptions.length >> 1;
        for (const half of [subscriptions.slice(0, middle), subscriptions.slice(middle)]) {
          const some = ofRequest(request, half);
          if (some.length > 0) this.#send(assigned({ ...request, subscriptions: some }), inFlight);
        }
      },
    );
  }

  #call({ verb, kind, binary, subscriptions }: SubscribeRequest, first: RedisSubscription): Promise<unknown> {
    const clientListeners = this.#clientListeners;
    const { type } = COMMANDS[kind];
    try {
      if (verb === 'resubscribe' && this.#client.extendPubSubListeners) {
        const anew = clientListeners.registerAnew(subscriptions, kind, binary);
        if (anew) return this.#client.extendPubSubListeners(type, anew as never);
      }
      if (verb === 'resubscribe')
        for (const subscription of subscriptions) clientListeners.forget(subscription);
      // The empty name alone would mean all names to node-redis.
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
    method: (typeof COMMANDS)[SubscriptionKind]['subscribe' | 'unsubscribe'],
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

/** An observer of the replies to the commands. */
export interface CommandsObserver {
  /** Called when Redis has acknowledged a subscription. */
  onHeard(): void;
  /** Called when the last operation in flight is done and no other one has followed. */
  onQuiet(): void;
}

/**
 * The texts of node-redis's own connection errors (socket errors have a `code`; errors from Redis have neither), and of an error
 * that answers another command: a raw UNSUBSCRIBE of other code makes the client mistake the replies after it.
 */
const TRANSPORT_ERRORS =
  /^(ERR Can't execute '|Socket closed unexpectedly|Socket timeout|Connection timeout|The client is (closed|offline)|Disconnects client|All the root nodes are unavailable)/;
