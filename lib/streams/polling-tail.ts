import { asyncScheduler, Subscription } from 'rxjs';
import type { StreamRequests } from './stream-requests.js';
import type { Tail, TailUser } from './tail.js';

/** Milliseconds between two polls: they double while nothing comes. */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 250;
/** Milliseconds after which a reply is not waited for any more. */
const PATIENCE = 5_000;

/** Streams that one command can read. */
interface Group {
  readonly users: Set<TailUser>;
  timer: Subscription;
  pause: number;
}

/** Asks again and again whether streams have an entry behind the last ones of their users. */
export class PollingTail implements Tail {
  readonly #requests: StreamRequests;
  readonly #groupOf: (key: string) => unknown;
  readonly #groups = new Map<unknown, Group>();

  /** @param groupOf returns the same value for keys that one command can read */
  constructor(requests: StreamRequests, groupOf: (key: string) => unknown) {
    this.#requests = requests;
    this.#groupOf = groupOf;
  }

  get users(): readonly TailUser[] {
    return [...this.#groups.values()].flatMap(({ users }) => [...users]);
  }

  join(user: TailUser): void {
    const at = this.#groupOf(user.key);
    let group = this.#groups.get(at);
    if (!group) this.#groups.set(at, (group = { users: new Set(), timer: Subscription.EMPTY, pause: 0 }));
    group.users.add(user);
    // A stream that joins has just had an entry, or may get its first one soon.
    if (group.pause !== SHORTEST_PAUSE) this.#schedule(group, SHORTEST_PAUSE);
  }

  leave(user: TailUser): void {
    const at = this.#groupOf(user.key);
    const group = this.#groups.get(at);
    if (!group?.users.delete(user) || group.users.size > 0) return;
    group.timer.unsubscribe();
    this.#groups.delete(at);
  }

  #schedule(group: Group, pause: number): void {
    group.timer.unsubscribe();
    group.pause = pause;
    group.timer = asyncScheduler.schedule(() => this.#poll(group), pause);
  }

  #poll(group: Group): void {
    for (const user of [...group.users]) if (user.wantsCheck) this.#stir(user);
    const users = [...group.users];
    if (users.length === 0) return;
    const { pause } = group;
    group.pause = PATIENCE;
    const timer = (group.timer = asyncScheduler.schedule(() => this.#onLate(users), PATIENCE));
    const isOver = () => group.timer !== timer || timer.closed;
    this.#requests.read(
      users,
      { count: 1, binary: false },
      {
        onReply: (reads) => {
          if (isOver()) return;
          for (const { reader, entries } of reads)
            if (entries.length > 0 && group.users.has(reader)) this.#stir(reader);
          if (group.users.size > 0 && !isOver()) this.#schedule(group, Math.min(2 * pause, LONGEST_PAUSE));
        },
        onError: () => {
          if (!isOver()) this.#stirAll(users);
        },
      },
    );
  }

  #onLate(users: readonly TailUser[]): void {
    this.#requests.renewIfSilentFor(PATIENCE);
    this.#stirAll(users);
  }

  #stirAll(users: readonly TailUser[]): void {
    for (const user of users)
      if (this.#groups.get(this.#groupOf(user.key))?.users.has(user)) this.#stir(user);
  }

  #stir(user: TailUser): void {
    this.leave(user);
    user.onStirred();
  }
}
