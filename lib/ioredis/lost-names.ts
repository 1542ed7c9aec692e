import type { SubscriptionKind } from '../channel-kind.js';
import { acknowledgedNames } from './acknowledged-names.js';
import type { IoredisInternals } from './ioredis-client.js';
import type { ListenerRegistry } from './listener-registry.js';
import { dropEmptyName } from './subscriber-mode.js';
import type { WireCommands } from './wire-commands.js';

/** The error of ioredis for a reply to no command. A client of a cluster gets one when Redis drops a sharded channel. */
const OUT_OF_STEP = 'Command queue state error';

/** Takes names out of the registry that Redis has unsubscribed without being asked by this package. */
export class LostNames {
  readonly #redis: IoredisInternals;
  readonly #registry: ListenerRegistry;
  readonly #commands: WireCommands;

  constructor(redis: IoredisInternals, registry: ListenerRegistry, commands: WireCommands) {
    this.#redis = redis;
    this.#registry = registry;
    this.#commands = commands;
  }

  /** Removes and returns the sharded channels that Redis has dropped, because their slot has moved, except for these. */
  takeMoved(except: readonly string[]): readonly string[] {
    const names = [...this.#registry.byKind.shard.keys()];
    return this.#take(
      'shard',
      names.filter((name) => !except.includes(name)),
    );
  }

  /** Removes and returns the names that other code has unsubscribed, out of these or all of the kind. */
  takeUnsubscribed(kind: SubscriptionKind, wireNames: readonly string[] | undefined): readonly string[] {
    if (wireNames?.includes('') && !this.#commands.isPending(kind, '')) dropEmptyName(this.#redis, kind);
    const names = this.#namesOf(kind, wireNames);
    return this.#take(kind, names ?? [...this.#registry.byKind[kind].keys()]);
  }

  /** Resolves when the pending commands for these names, or all of the kind, are answered or given up. */
  answers(kind: SubscriptionKind, wireNames: readonly string[] | undefined): Promise<unknown> | undefined {
    return this.#commands.answers(kind, this.#namesOf(kind, wireNames));
  }

  /**
   * Returns whether an error says only that Redis has dropped a sharded channel. For any other reply to no command, the replies
   * before it have answered the wrong commands.
   */
  isMove({ message }: Error): boolean {
    const wireName = / sunsubscribe,(.*),\d+$/s.exec(message)?.[1];
    if (!message.startsWith(OUT_OF_STEP) || wireName === undefined) return false;
    const name = this.#registry.nameOf('shard', wireName);
    return this.#registry.byKind.shard.has(name) && !this.#commands.isPending('shard', name);
  }

  #namesOf(kind: SubscriptionKind, wireNames: readonly string[] | undefined): readonly string[] | undefined {
    return wireNames?.map((name) => this.#registry.nameOf(kind, name));
  }

  #take(kind: SubscriptionKind, names: readonly string[]): readonly string[] {
    const registered = this.#registry.byKind[kind];
    const has = acknowledgedNames(this.#redis, kind);
    const lost = names.filter(
      (name) => registered.has(name) && has?.has(name) !== true && !this.#commands.isPending(kind, name),
    );
    for (const name of lost) registered.delete(name);
    return lost;
  }
}
