import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import type { RegistryType } from '../../../lib/hub/client.js';
import type { HubListener } from '../../../lib/hub/hub-listener.js';
import { Recovery, type RecoveryHost } from '../../../lib/hub/recovery.js';
import type { RedisSubscription } from '../../../lib/hub/redis-subscription.js';
import { SubscriptionRegistry } from '../../../lib/hub/subscription-registry.js';
import { tell } from '../../../lib/outbox.js';
import { consumerWith } from '../../support/consumer-with.js';
import { infoOf } from './inspection-scene.js';

const KINDS: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];
const TYPES: readonly RegistryType[] = ['CHANNELS', 'PATTERNS', 'SHARDED'];

interface FakeSubscription {
  readonly kind: SubscriptionKind;
  readonly name: string;
  isLive: boolean;
  isConfirmed: boolean;
  isRegistered: boolean;
}

/**
 * The recovery of a hub that only writes down; needs Jest's fake timers. The hub has the channels a and b, the pattern p* and
 * the sharded channel s, each with one listener. A script is a list of steps.
 */
export class RecoveryScene {
  /** The calls of the hub, in order: `outage 5 a b` is an outage of the listeners of a and b from 5 on. */
  log: string[] = [];
  readonly recovery: Recovery;
  readonly #subscriptions = new Map<string, FakeSubscription>();
  readonly #listeners = new Map<HubListener, string>();
  readonly #registry = new SubscriptionRegistry();
  readonly #hub = { isOnline: true, heardAt: 0, operations: 0, isQuiet: true, isInBatch: false };
  readonly #questions: {
    readonly resolve: (info: string) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  /** The numbers of names in the client's registry, by kind. */
  #counts: readonly number[] = [2, 1, 1];

  constructor({ canSend = true } = {}) {
    this.#add('channel', 'a');
    this.#add('channel', 'b');
    this.#add('pattern', 'p*');
    this.#add('shard', 's');
    jest.setSystemTime(0);
    this.recovery = new Recovery(this.#host(canSend));
  }

  /** Runs the steps, and lets the promises of each call back. */
  async run(steps: readonly string[]): Promise<this> {
    for (const step of steps) {
      await this.#do(step);
      for (let level = 0; level < 20; level++) await Promise.resolve();
    }
    return this;
  }

  #do(step: string): unknown {
    const event = this.#events[step];
    if (event) return event();
    const [first, ...rest] = step.split(' ') as [string, ...string[]];
    const verb = this.#verbs[first];
    if (verb) return verb(...(rest as [string]));
    this.#change(this.#subscriptions.get(first)!, rest[1]!);
    return undefined;
  }

  readonly #verbs: Readonly<Record<string, (first: string, ...rest: string[]) => unknown>> = {
    time: (now) => jest.setSystemTime(Number(now)),
    wait: (pause) => jest.advanceTimersByTimeAsync(Number(pause)),
    heard: (at) => (this.#hub.heardAt = Number(at)),
    counts: (...counts) => (this.#counts = counts.map(Number)),
    says: (...counts) => this.#questions.shift()!.resolve(infoOf(counts)),
    reset: (cause) => this.recovery.reset(cause as 'empty' | 'online'),
    every: (heartbeat) => this.recovery.every(Number(heartbeat)),
    verify: (name) => this.recovery.verify(kindOf(name), name),
    recover: (...names) => this.recovery.recover(...names.map((name) => this.#real(name))),
    unsubscribing: (names) => this.recovery.onUnsubscribing(kindOf(names), namesOf(names)),
    unsubscribed: (names) => this.recovery.onUnsubscribed(kindOf(names), namesOf(names), 7),
    dropped: (names) => this.recovery.onDropped(kindOf(names), namesOf(names), 7),
    short: (kind) => this.recovery.onShort(kind as SubscriptionKind),
  };

  readonly #events: Readonly<Record<string, () => unknown>> = {
    inspect: () => void this.recovery.inspect().then(() => this.log.push('inspected')),
    recover: () => this.recovery.recover(),
    'recover all': () => this.recovery.recoverAll(),
    answered: () => this.recovery.onAnswered(),
    handoff: () => this.recovery.onHandoff(),
    acknowledged: () => this.recovery.onHeard(),
    quiet: () => this.recovery.onQuiet(),
    refused: () => this.#questions.shift()!.reject(new Error('NOPERM')),
    offline: () => (this.#hub.isOnline = false),
    online: () => (this.#hub.isOnline = true),
    'operation begins': () => {
      this.#hub.isQuiet = false;
      this.#hub.operations++;
    },
    'operation ends': () => (this.#hub.isQuiet = true),
  };

  #real(name: string): RedisSubscription {
    return this.#subscriptions.get(name) as unknown as RedisSubscription;
  }

  #change(subscription: FakeSubscription, state: string): void {
    if (state === 'subscribing') subscription.isLive = subscription.isConfirmed = false;
    // With an operation in flight, as for a change of mode.
    else if (state === 'busy') subscription.isConfirmed = false;
    else if (state === 'lost') subscription.isRegistered = false;
    else throw new Error(`unknown state: ${state}`);
  }

  #add(kind: SubscriptionKind, name: string): void {
    const listener = consumerWith({});
    this.#listeners.set(listener, name);
    const subscription = {
      kind,
      name,
      isLive: true,
      isConfirmed: true,
      isRegistered: true,
      listeners: [listener],
      doubt: () => this.log.push(`doubt ${name}`),
      restart: () => {
        subscription.isConfirmed = false;
        this.log.push(`${this.#hub.isInBatch ? '' : 'alone: '}restart ${name}`);
        tell(() => this.log.push(`${name} told`));
      },
    };
    this.#subscriptions.set(name, subscription);
    this.#registry.add(subscription as unknown as RedisSubscription);
  }

  #host(canSend: boolean): RecoveryHost {
    const hub = this.#hub;
    const call = (what: string) => () => void this.log.push(what);
    const host = {
      client: {
        ...(canSend ? { sendCommand: (args: string[]) => this.#ask(args) } : {}),
        getPubSubListeners: (type: RegistryType) => ({ size: this.#counts[TYPES.indexOf(type)] }),
      },
      get isOnline() {
        return hub.isOnline;
      },
      subscriptions: this.#registry,
      clientListeners: {
        count: (kind: SubscriptionKind) => this.#counts[KINDS.indexOf(kind)],
        isRegistered: ({ name }: RedisSubscription) => this.#subscriptions.get(name)!.isRegistered,
      },
      commands: {
        restart: call('commands restart'),
        sendMore: call('send more'),
        get quietSince() {
          return hub.isQuiet ? hub.operations : undefined;
        },
        batch: (work: () => void) => {
          hub.isInBatch = true;
          work();
          hub.isInBatch = false;
        },
      },
      outages: {
        begin: (since: number, affected: readonly HubListener[]) => {
          const names = affected.map((listener) => this.#listeners.get(listener));
          this.log.push(['outage', since, ...names].join(' '));
        },
      },
      heard: {
        get at() {
          return hub.heardAt;
        },
        note: call('note'),
      },
      check: call('check'),
    };
    return host as unknown as RecoveryHost;
  }

  #ask(args: readonly string[]): Promise<string> {
    this.log.push(args[0] === 'CLIENT' ? 'ask' : args.join(' '));
    return new Promise((resolve, reject) => this.#questions.push({ resolve, reject }));
  }
}

/** Returns the kind of a name, or of `channels` and the like. */
function kindOf(name: string): SubscriptionKind {
  if (name === 'p*' || name === 'patterns') return 'pattern';
  return name === 's' || name === 'shards' ? 'shard' : 'channel';
}

/** Returns the names in `a+b`; undefined for `channels` and the like: all names of a kind. */
function namesOf(names: string): readonly string[] | undefined {
  return ['channels', 'patterns', 'shards'].includes(names) ? undefined : names.split('+');
}
