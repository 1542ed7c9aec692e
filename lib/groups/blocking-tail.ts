import { asyncScheduler, type Subscription } from 'rxjs';
import { RetriedRequests } from '../recovery/retried-requests.js';
import type { BlockingConnection } from './blocking-connection.js';
import { CheckedReads } from './checked-reads.js';
import { pauseBetweenReads } from '../streams/pause-between-reads.js';
import type { StreamReply } from '../streams/stream-commands.js';
import type { GroupTail, TailOptions, TailUser } from './group-tail.js';
import { Poll } from './polling-tail.js';

export interface BlockingTailOptions extends TailOptions {
  /** The connection for the reads that wait for entries. */
  readonly blocking: BlockingConnection;
}

/**
 * Reads all streams of a consumer with one XREADGROUP that waits for entries. A stream that joins while such a read waits is polled
 * until the read is over, at most a second: to end the read at once would need a permission, and a new connection might lose the
 * entries of the reply that is on its way.
 */
export class BlockingTail implements GroupTail {
  readonly #options: BlockingTailOptions;
  readonly #requests: RetriedRequests;
  readonly #reads: CheckedReads;
  readonly #users = new Set<TailUser>();
  /** The streams of the read that waits. */
  #reading: readonly TailUser[] | undefined;
  /** The time between two reads of many streams; others may join. */
  #pause: Subscription | undefined;
  /** True while the entries of a reply are handed on: the next read waits for all of them. */
  #isHanding = false;
  /** The polls, until the replies to their last reads. */
  readonly #polls = new Map<TailUser, Poll>();
  readonly #leaving = new Map<TailUser, () => void>();

  constructor(options: BlockingTailOptions) {
    this.#options = options;
    this.#reads = new CheckedReads(options);
    this.#requests = new RetriedRequests(options.blocking, {
      onRefused: (error) => this.#onRefused(error),
      onFailing: (error) => {
        for (const user of this.#reading ?? []) user.onFailing(error);
      },
    });
  }

  join(user: TailUser): void {
    this.#users.add(user);
    this.wake(user);
  }

  leave(user: TailUser, onLeft: () => void): void {
    if (!this.#users.delete(user)) return onLeft();
    const afterPoll = () => {
      if (this.#reading?.includes(user) !== true) {
        this.#onLeft(onLeft);
        return;
      }
      this.#leaving.set(user, onLeft);
      if (!this.#options.blocking.interrupt()) return;
      this.#requests.cancel();
      this.#onReply(this.#reading, []);
    };
    this.#stopPoll(user, afterPoll);
  }

  abandon(user: TailUser): void {
    this.#polls.get(user)?.cancel();
    // Other streams still need the read.
    if (!this.#leaving.delete(user) || this.#users.size > 0 || !this.#reading) return;
    this.#options.blocking.close();
    this.#requests.cancel();
    this.#onReply(this.#reading, []);
  }

  wake(user: TailUser): void {
    if (!this.#users.has(user) || this.#isHanding) return;
    if (this.#polls.has(user) || (this.#reading && !this.#reading.includes(user))) this.#poll(user);
    else if (!this.#reading && !this.#pause) this.#read();
  }

  #poll(user: TailUser): void {
    const poll = this.#polls.get(user);
    if (poll) poll.wake();
    else this.#polls.set(user, new Poll(user, this.#options));
  }

  #read(): void {
    const users: TailUser[] = [];
    let count = Infinity;
    for (const user of this.#users) {
      const room = this.#polls.has(user) ? 0 : user.room();
      if (room === 0) continue;
      users.push(user);
      count = Math.min(count, room);
    }
    if (users.length === 0) return;
    this.#reading = users;
    const { blocking } = this.#options;
    this.#requests.ask<readonly StreamReply[] | null>(
      (request) => this.#reads.send((command, each) => blocking.send(command, each), users, count, request),
      (replies) => this.#onReply(users, replies ?? []),
    );
  }

  #onReply(users: readonly TailUser[], replies: readonly StreamReply[]): void {
    this.#reading = undefined;
    this.#isHanding = true;
    const byKey = new Map(replies.map(({ name, messages }) => [String(name), messages]));
    for (const user of users) {
      const entries = byKey.get(user.key);
      if (entries) user.onEntries(entries);
    }
    this.#isHanding = false;
    this.#endLeaves();
    this.#endPolls();
  }

  /** Ends the polls of the streams that the next read includes, and reads. */
  #endPolls(): void {
    const polled = [...this.#polls.keys()];
    let open = polled.length;
    const onStopped = () => {
      if (--open === 0) this.#readNext(polled);
    };
    for (const user of polled) this.#stopPoll(user, onStopped);
    if (polled.length === 0) this.#readNext(polled);
  }

  #readNext(polled: readonly TailUser[]): void {
    if (!this.#reading && !this.#pause) this.#readSoon();
    // A read that another stream has begun meanwhile lacks them.
    for (const user of polled) this.wake(user);
  }

  #readSoon(): void {
    const pause = pauseBetweenReads(this.#users.size);
    if (pause === 0 || this.#options.blocking.isPatient) return this.#read();
    this.#pause = asyncScheduler.schedule(() => {
      this.#pause = undefined;
      this.#read();
    }, pause);
  }

  #stopPoll(user: TailUser, onStopped: () => void): void {
    const poll = this.#polls.get(user);
    if (!poll) return onStopped();
    poll.stop(() => {
      if (this.#polls.get(user) === poll) this.#polls.delete(user);
      onStopped();
    });
  }

  #onRefused(error: unknown): void {
    const users = this.#reading ?? [];
    this.#reading = undefined;
    const [first] = users;
    if (users.length === 1) first?.onRefused(error);
    // The error concerns one of the streams, and does not tell which: each is read on its own, once.
    else for (const user of users) if (this.#users.has(user)) this.#poll(user);
    this.#endLeaves();
    this.#endPolls();
  }

  #endLeaves(): void {
    const leaving = [...this.#leaving.values()];
    this.#leaving.clear();
    for (const onLeft of leaving) this.#onLeft(onLeft);
  }

  #onLeft(onLeft: () => void): void {
    if (this.#users.size === 0 && !this.#reading) this.#options.blocking.close();
    onLeft();
  }
}
