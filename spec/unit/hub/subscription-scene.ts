import { RedisSubscription } from '../../../lib/hub/redis-subscription.js';
import type { HubListener } from '../../../lib/hub/hub-listener.js';
import type { SubscriptionHost } from '../../../lib/hub/subscription-host.js';
import { consumerWith } from '../../support/consumer-with.js';

const REFUSAL = new Error('NOPERM');
const FAILURE = new Error('Socket closed unexpectedly');

interface Operation {
  readonly verb: string;
  readonly binary: boolean;
}

/** A subscription on a hub that only writes down what the subscription asks for. */
export class SubscriptionScene {
  /** The commands and the other calls of the hub, in order. */
  commands: string[] = [];
  /** The calls of the listeners, in order. */
  calls: string[] = [];
  /** The entries for the outages and the refusals, in order. */
  reports: string[] = [];
  readonly subscription: RedisSubscription;
  readonly listeners: Readonly<Record<'a' | 'b' | 'bytes', HubListener>>;
  readonly #fences: (() => void)[] = [];
  readonly #client = {
    isOnline: true,
    isOffline: false,
    hasRegistry: true,
    isRegistered: true,
    isShared: false,
    isAllowed: true,
  };

  constructor() {
    this.subscription = new RedisSubscription(this.#host(), 'channel', 'news');
    this.listeners = {
      a: this.#listener('a', false),
      b: this.#listener('b', false),
      bytes: this.#listener('bytes', true),
    };
  }

  /** The state as far as it shows: the operation in flight, or what Redis has. */
  get state(): string {
    const { subscription } = this;
    const operation = subscription.request as Operation | undefined;
    if (operation) return `${nameOf(operation)}${subscription.isLive ? ', live' : ''}`;
    if (subscription.isConfirmed) return 'on';
    return this.counted === 'nothing' ? 'off' : 'stranded';
  }

  /** The mode whose messages count. */
  get counted(): string {
    if (this.subscription.counts(false)) return 'text';
    return this.subscription.counts(true) ? 'buffers' : 'nothing';
  }

  /** The listeners that receive a message of the mode that counts. */
  get receivers(): string[] {
    this.calls = [];
    this.subscription.deliver(Buffer.from('x'), 'news', this.counted === 'buffers', undefined);
    return this.calls.splice(0).map((call) => call.replace(': message', ''));
  }

  get takesFastPath(): boolean {
    return this.subscription.deliverByFastPath('x', 'news');
  }

  /** Lets these events happen, and forgets what they have caused. */
  prepare(events: readonly string[]): void {
    for (const event of events) this.apply(event);
    this.commands = [];
    this.calls = [];
    this.reports = [];
  }

  apply(event: string): void {
    const handler = this.#events[event];
    if (!handler) throw new Error(`unknown event: ${event}`);
    handler();
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    ...this.#eventsOf('a'),
    ...this.#eventsOf('b'),
    ...this.#eventsOf('bytes'),
    'a message arrives': () => this.subscription.noteArrival(),
    'Redis replies': () => this.#endOperation(undefined),
    'Redis refuses': () => this.#endOperation(REFUSAL),
    'the command fails': () => this.#endOperation(FAILURE),
    'the pause ends': () => this.subscription.reconcile(),
    'the fence passes': () => this.#fences.splice(0).forEach((onPassed) => onPassed()),
    'client offline': () => (this.#client.isOnline = false),
    'connection lost': () => {
      this.#client.isOnline = false;
      this.subscription.onOffline();
    },
    'connection given up': () => {
      this.#client.isOnline = false;
      this.#client.isOffline = true;
      this.subscription.onOffline();
    },
    'client idle': () => {
      this.#client.isOffline = true;
      this.subscription.reconcile();
    },
    'connection back': () => {
      this.#client.isOnline = true;
      this.#client.isOffline = false;
      this.subscription.onOnline();
    },
    'resubscribe refused': () => this.subscription.onResubscribeRefused(),
    'other code unsubscribes': () => this.subscription.doubt(),
    'recovery restarts': () => this.subscription.restart(),
    'client ends': () => {
      const wanting = this.subscription.end().map((listener) => this.#nameOf(listener));
      this.commands.push(`returns ${wanting.join(' ')}`.trim());
    },
    'other code listens': () => (this.#client.isShared = true),
    'listener removed': () => (this.#client.isRegistered = false),
    'no registry': () => (this.#client.hasRegistry = false),
    'asking forbidden': () => (this.#client.isAllowed = false),
    'asking allowed': () => {
      this.#client.isAllowed = true;
      this.subscription.reconcile();
    },
  };

  #eventsOf(name: 'a' | 'b' | 'bytes'): Record<string, () => void> {
    return {
      [`${name} joins`]: () => this.subscription.attach(this.listeners[name]),
      [`${name} leaves`]: () => this.subscription.detach(this.listeners[name], 'at-once'),
      [`${name} drains`]: () => this.subscription.detach(this.listeners[name], 'draining'),
    };
  }

  #endOperation(error: Error | undefined): void {
    this.subscription.request = undefined;
    this.subscription.onOperationEnded(error);
  }

  #nameOf(listener: HubListener): string {
    return Object.entries(this.listeners).find(([, other]) => other === listener)![0];
  }

  #listener(name: string, binary: boolean): HubListener {
    const call = (entry: string) => () => void this.calls.push(`${name}: ${entry}`);
    return consumerWith({
      binary,
      fastPath: { channel: {}, isIdentity: true, stream: { accept: () => undefined } },
      receive: call('message'),
      onSubscribed: call('subscribed'),
      onInterrupted: call('interrupted'),
      onReplaced: call('replaced'),
      onReleased: call('released'),
      onRefused: call('refused'),
    });
  }

  #host(): SubscriptionHost<RedisSubscription> {
    const client = this.#client;
    const report = (entry: string) => () => void this.reports.push(entry);
    const command = (entry: string) => void this.commands.push(entry);
    return {
      get isOnline() {
        return client.isOnline;
      },
      get isOffline() {
        return client.isOffline;
      },
      commands: {
        request: (verb, subscription, binary) => {
          const operation: Operation = { verb, binary };
          subscription.request = operation;
          command(nameOf(operation));
        },
        fence: (onPassed) => {
          this.#fences.push(onPassed);
          command('fence');
        },
      },
      clientListeners: {
        isRegistered: () => client.isRegistered,
        isShared: () => client.isShared,
        forget: () => {
          if (client.hasRegistry) command('forget');
          return client.hasRegistry;
        },
      },
      refusals: { allows: () => client.isAllowed, add: report('refused'), remove: report('not refused') },
      retries: { later: (_, failures) => command(`retry after ${failures} failures`) },
      outages: {
        checkOff: (listener, as) => void this.reports.push(`${this.#nameOf(listener)} ${as}`),
      },
      isRefusal: (error) => error === REFUSAL,
      recover: (subscription) => {
        command('recover');
        subscription.restart();
      },
      remove: () => command('remove'),
    };
  }
}

function nameOf({ verb, binary }: Operation): string {
  return binary ? `${verb} buffers` : verb;
}
