import type { SubscriptionKind } from '../channel-kind.js';
import { isError } from '../errors/to-error.js';
import { keySlot } from '../hub/key-slot.js';
import type { IoredisInternals } from './ioredis-client.js';
import { KIND_NAMES, KINDS } from './kinds.js';
import { dropEmptyName } from './subscriber-mode.js';

type Verb = 'subscribe' | 'unsubscribe';

interface Command {
  readonly kind: SubscriptionKind;
  readonly verb: Verb;
  readonly names: readonly string[];
  readonly reject: (error: unknown) => void;
  /** Returns the promise of the reply; it rejects when the connection is lost. */
  readonly answer: () => Promise<void>;
  /** Set when the command has died with its connection. */
  isLate: boolean;
}

/** The text by which the hub knows an error of the connection, as opposed to a refusal of Redis. */
const CLOSED = 'Socket closed unexpectedly';

/**
 * The commands SUBSCRIBE and UNSUBSCRIBE on one client. A command that dies with the connection fails at once; ioredis sends
 * it again on the next connection all the same, and the adapter takes the names back that nobody has asked for any more.
 */
export class WireCommands {
  readonly #redis: IoredisInternals;
  /** The commands without a reply, the oldest first. */
  readonly #pending = new Set<Command>();
  /** The names that Redis has because of this package, or will have once ioredis sends the commands again. */
  readonly #owned: Readonly<Record<SubscriptionKind, Set<string>>> = {
    channel: new Set(),
    pattern: new Set(),
    shard: new Set(),
  };
  #isOurs = false;

  readonly #onSettled: () => void;

  /** @param onSettled called when a command has got its reply, even one that had died with its connection */
  constructor(redis: IoredisInternals, onSettled: () => void) {
    this.#redis = redis;
    this.#onSettled = onSettled;
  }

  /** True while a command of this package is being sent. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** True if Redis may have names because of this package. */
  get isOwning(): boolean {
    return KINDS.some((kind) => this.#owned[kind].size > 0);
  }

  /** Returns the names that Redis may have because of this package. */
  owned(kind: SubscriptionKind): Iterable<string> {
    return this.#owned[kind];
  }

  isPending(kind: SubscriptionKind, name: string): boolean {
    return this.#pendingFor(kind, [name]).length > 0;
  }

  /** Resolves when the commands that are pending now for these names, or all of the kind, are answered or given up. */
  answers(kind: SubscriptionKind, names: readonly string[] | undefined): Promise<unknown> | undefined {
    const commands = this.#pendingFor(kind, names);
    return commands.length > 0 ? Promise.allSettled(commands.map(({ answer }) => answer())) : undefined;
  }

  /** Sends one command for all names. */
  send(kind: SubscriptionKind, verb: Verb, names: readonly string[]): Promise<void> {
    const answer = new Promise<void>((resolve, reject) => {
      const command: Command = { kind, verb, names, reject, answer: () => answer, isLate: false };
      this.#pending.add(command);
      if (verb === 'subscribe') for (const name of names) this.#owned[kind].add(name);
      const settle = () => {
        this.#pending.delete(command);
        if (command.isLate) this.#onSettled();
      };
      this.#call(KIND_NAMES[kind][verb], names).then(
        () => {
          settle();
          // A command that died with its connection, and was sent again, may be older than another one.
          if (verb === 'unsubscribe' && !command.isLate)
            for (const name of names) this.#owned[kind].delete(name);
          if (verb === 'unsubscribe' && names.includes('')) dropEmptyName(this.#redis, kind);
          resolve();
        },
        (error: unknown) => {
          settle();
          reject(toClientError(error));
        },
      );
    });
    return answer;
  }

  /** Sends as many commands as the names need: a cluster accepts only sharded channels of one slot in one command. */
  async sendAll(kind: SubscriptionKind, verb: Verb, names: readonly string[]): Promise<void> {
    const groups = kind === 'shard' ? bySlot(names) : names.length > 0 ? [names] : [];
    await Promise.all(groups.map((group) => this.send(kind, verb, group)));
  }

  /** Fails the commands without a reply: the connection is lost. */
  abort(): void {
    for (const kind of KINDS) this.#owned[kind].clear();
    for (const command of this.#pending) {
      const { verb, kind, names } = command;
      if (verb === 'subscribe') for (const name of names) this.#owned[kind].add(name);
      command.isLate = true;
      command.reject(new Error(CLOSED));
    }
  }

  /** Forgets everything: the client has ended, and sends nothing again. */
  clear(): void {
    for (const kind of KINDS) this.#owned[kind].clear();
  }

  /** Unsubscribes the names that nobody wants any more. */
  async sweep(isWanted: (kind: SubscriptionKind, name: string) => boolean): Promise<void> {
    await Promise.all(
      KINDS.map((kind) => {
        const names = [...this.#owned[kind]].filter((name) => !isWanted(kind, name));
        return this.sendAll(kind, 'unsubscribe', names);
      }),
    );
  }

  /** Fails the oldest SSUBSCRIBE, and returns its names: ioredis 5 never settles one that Redis refuses with MOVED. */
  rejectMoved(): readonly string[] {
    if ('protocol' in this.#redis.options) return [];
    const moved = [...this.#pending].find(({ kind, verb }) => kind === 'shard' && verb === 'subscribe');
    if (!moved) return [];
    this.#pending.delete(moved);
    moved.reject(new Error('MOVED to another node, with the slot of the sharded channel.'));
    return moved.names;
  }

  #pendingFor(kind: SubscriptionKind, names: readonly string[] | undefined): readonly Command[] {
    return [...this.#pending].filter(
      (command) => command.kind === kind && (!names || command.names.some((name) => names.includes(name))),
    );
  }

  #call(command: string, names: readonly string[]): Promise<unknown> {
    this.#isOurs = true;
    try {
      return this.#redis.call(command, ...names);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.#isOurs = false;
    }
  }
}

/** Returns a reply of Redis as it is, and any other error as one of the connection, so that the command is tried again. */
function toClientError(error: unknown): Error {
  return isError(error) && error.name === 'ReplyError' ? error : new Error(CLOSED, { cause: error });
}

function bySlot(names: readonly string[]): readonly (readonly string[])[] {
  const groups = new Map<number, string[]>();
  for (const name of names) {
    const slot = keySlot(name);
    const group = groups.get(slot);
    if (group) group.push(name);
    else groups.set(slot, [name]);
  }
  return [...groups.values()];
}
