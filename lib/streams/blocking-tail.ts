import { asyncScheduler, Subscription } from 'rxjs';
import type { SharedConnection } from '../recovery/shared-connection.js';
import { pauseBetweenReads } from './pause-between-reads.js';
import { PollingTail } from './polling-tail.js';
import { StreamRequests } from './stream-requests.js';
import type { Tail, TailUser } from './tail.js';

/** Milliseconds for which a read blocks at most: shorter than the timeouts of sockets, and than the patience below. */
const LONGEST_BLOCK = 1_000;
/** Milliseconds without a reply after which the connection is replaced. */
const PATIENCE = 5_000;
/** The number of entries of all streams together that one read asks for, as long as these are enough of each. */
const MOST_ENTRIES = 1_000;
const LEAST_ENTRIES = 10;

/**
 * One read that blocks for all streams on a server. A stream that joins while a read is under way is polled until this read
 * returns. CLIENT UNBLOCK would wake it at once, but many users of Redis may not call that command. A client in memory has no
 * time to wait in: it is asked again on a new connection.
 */
export class BlockingTail implements Tail {
  readonly #connection: SharedConnection;
  readonly #requests: StreamRequests;
  /** The requests on the connection on which streams are read up to the end. */
  readonly #beside: StreamRequests;
  readonly #users = new Set<TailUser>();
  readonly #joining: PollingTail;
  /** The read that is under way: a reply to any other one has no effect. */
  #read: object | undefined;
  #timer = Subscription.EMPTY;
  /** The time between two reads of many streams; others may join. */
  #pause: Subscription | undefined;
  /** True while users take their entries: a user that leaves or joins then is considered before the next read. */
  #isHanding = false;

  constructor(connection: SharedConnection, beside: StreamRequests) {
    this.#connection = connection;
    this.#requests = new StreamRequests(connection);
    this.#beside = beside;
    this.#joining = new PollingTail(beside, () => undefined);
  }

  join(user: TailUser): void {
    if (this.#read && !this.#connection.isVirtual) return this.#joining.join(user);
    this.#users.add(user);
    if (this.#isHanding) return;
    if (this.#read) this.#interrupt();
    this.#readSoon();
  }

  leave(user: TailUser): void {
    this.#joining.leave(user);
    if (!this.#users.delete(user) || this.#users.size > 0 || this.#isHanding) return;
    this.#interrupt();
    this.#goOn();
  }

  /** Abandons the read that is under way. */
  #interrupt(): void {
    this.#read = undefined;
    this.#timer.unsubscribe();
    this.#pause?.unsubscribe();
    this.#pause = undefined;
    this.#connection.close();
  }

  /** Reads at the end of the turn, in which more streams may join. */
  #readSoon(): void {
    if (this.#read || this.#pause) return;
    const read = (this.#read = {});
    if (this.#connection.isVirtual) return this.#send(read);
    queueMicrotask(() => {
      if (this.#read === read) this.#send(read);
    });
  }

  #send(read: object): void {
    const users = [...this.#users];
    const { isVirtual } = this.#connection;
    const isOver = () => this.#read !== read;
    if (!isVirtual) this.#timer = asyncScheduler.schedule(() => this.#onLate(), PATIENCE);
    // The states are read in front of the entries, so that a loss is told before the entries that follow it.
    // A client in memory has no heartbeat: a read that is over has seen a change of some key.
    for (const user of users.filter(({ wantsCheck }) => wantsCheck || isVirtual)) {
      this.#requests.info(user.key, user.binary, {
        onReply: (info) => {
          if (!isOver() && this.#users.has(user)) user.onInfo(info);
        },
        onError: () => {
          if (!isOver()) this.#stirAll();
        },
      });
      if (isOver()) return;
    }
    const ids = new Map(users.map((user) => [user, user.lastId]));
    this.#requests.read(users, this.#optionsFor(users), {
      onReply: (reads) => {
        if (isOver()) return;
        this.#timer.unsubscribe();
        this.#isHanding = true;
        for (const { reader, entries, isEnd } of reads)
          if (this.#users.has(reader) && reader.lastId === ids.get(reader)) reader.onEntries(entries, isEnd);
        this.#isHanding = false;
        this.#goOn();
      },
      onError: () => {
        if (!isOver()) this.#stirAll();
      },
    });
  }

  #optionsFor(users: readonly TailUser[]) {
    const most = users.reduce((sum, { count }) => Math.max(sum, count), 1);
    // A check has to wait for the end of the read.
    const beats = users.map(({ heartbeat }) => heartbeat).filter((beat) => beat > 0);
    const block = beats.reduce((shortest, beat) => Math.min(shortest, beat / 2), LONGEST_BLOCK);
    return {
      count: Math.min(most, Math.max(LEAST_ENTRIES, Math.floor(MOST_ENTRIES / users.length))),
      block: Math.max(1, Math.floor(block)),
      binary: users.some((user) => user.binary),
    };
  }

  /** Reads on for those that are left, and for those that have been polled. */
  #goOn(): void {
    this.#read = undefined;
    for (const user of this.#joining.users) {
      this.#joining.leave(user);
      this.#users.add(user);
    }
    if (this.#users.size === 0) return this.#connection.close();
    const pause = pauseBetweenReads(this.#users.size);
    if (pause > 0 && !this.#connection.isVirtual)
      this.#pause = asyncScheduler.schedule(() => this.#onPaused(), pause);
    else this.#readSoon();
  }

  #onPaused(): void {
    this.#pause = undefined;
    this.#readSoon();
  }

  /** Replaces the other connection, too, if it is silent: the users now read on it. */
  #onLate(): void {
    this.#beside.renewIfSilentFor(PATIENCE);
    this.#stirAll();
  }

  /** The read has failed: each user reads by itself, with an error of its own if there is one, and those that can come back. */
  #stirAll(): void {
    const users = [...this.#users];
    this.#users.clear();
    this.#interrupt();
    for (const user of users) user.onStirred();
  }
}
