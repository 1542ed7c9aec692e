import { RetriedRequests } from '../recovery/retried-requests.js';
import type { SharedConnection } from '../recovery/shared-connection.js';
import { PollingTail } from './polling-tail.js';
import { StreamRequests, type StreamRead } from './stream-requests.js';
import type { Tail, TailUser } from './tail.js';

/**
 * Milliseconds for which a read blocks: shorter than the timeouts of sockets, and than the time after which a connection without
 * a reply is replaced.
 */
const BLOCK = 1_000;

/**
 * One read that blocks for all streams on a server. A stream that joins while a read is under way is polled until this read
 * returns. CLIENT UNBLOCK would wake it at once, but many users of Redis may not call that command. A client in memory has no
 * time to wait in: it is asked again on a new connection.
 */
export class BlockingTail implements Tail {
  readonly #connection: SharedConnection;
  readonly #requests: StreamRequests;
  readonly #retried: RetriedRequests;
  readonly #users = new Set<TailUser>();
  readonly #joining: PollingTail;
  #isReading = false;
  /** True while a user takes entries: who leaves or joins then is considered before the next read. */
  #isHanding = false;

  constructor(connection: SharedConnection, beside: StreamRequests) {
    this.#connection = connection;
    this.#requests = new StreamRequests(connection);
    this.#joining = new PollingTail(beside);
    this.#retried = new RetriedRequests(connection, () => this.#stirAll(), connection.isVirtual);
  }

  join(user: TailUser): void {
    const isTaken = [...this.#users].some(({ key }) => key === user.key);
    if (isTaken || (this.#isReading && !this.#connection.isVirtual)) return this.#joining.join(user);
    this.#users.add(user);
    if (this.#isReading && !this.#isHanding) this.#interrupt();
    this.#readSoon();
  }

  leave(user: TailUser): void {
    this.#joining.leave(user);
    if (!this.#users.delete(user) || this.#users.size > 0 || this.#isHanding) return;
    this.#admit();
    this.#interrupt();
    if (this.#users.size > 0) this.#readSoon();
    else this.#connection.close();
  }

  /** Abandons the read that is under way. */
  #interrupt(): void {
    this.#retried.cancel();
    this.#isReading = false;
    this.#connection.renew();
  }

  /** Reads at the end of the turn, in which more streams may join. */
  #readSoon(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    if (this.#connection.isVirtual) return this.#read();
    queueMicrotask(() => {
      if (this.#users.size > 0) this.#read();
      else this.#isReading = false;
    });
  }

  #read(): void {
    const users = [...this.#users];
    const places = users.map((user) => ({ user, place: user.place }));
    this.#retried.ask<readonly StreamRead<TailUser>[]>(
      (request) => {
        // The states are read in front of the entries, so that a loss is told before the entries that follow it.
        for (const user of users.filter(({ wantsCheck }) => wantsCheck)) this.#check(user);
        const COUNT = users.reduce((most, { batch }) => Math.max(most, batch), 1);
        const binary = users.some((user) => user.binary);
        this.#requests.read(users, { COUNT, BLOCK }, binary, request);
      },
      (reads) => {
        this.#isHanding = true;
        for (const { user, entries } of reads) {
          const { place } = places.find((one) => one.user === user) ?? {};
          if (this.#users.has(user) && user.place === place) user.onEntries(entries);
        }
        this.#isHanding = false;
        this.#next();
      },
    );
  }

  #check(user: TailUser): void {
    this.#requests.info(user.key, {
      onReply: (info) => {
        if (this.#users.has(user)) user.onInfo(info);
      },
      // The read behind it meets the same error.
      onError: () => undefined,
    });
  }

  #next(): void {
    this.#admit();
    this.#isReading = false;
    if (this.#users.size > 0) this.#readSoon();
    else this.#connection.close();
  }

  /** Lets the streams that are polled take part in the next read. A key may stand in it once: RESP3 replies with a map. */
  #admit(): void {
    const keys = new Set([...this.#users].map(({ key }) => key));
    for (const user of this.#joining.users) {
      if (keys.has(user.key)) continue;
      keys.add(user.key);
      this.#joining.leave(user);
      this.#users.add(user);
    }
  }

  /** Redis has refused one of the keys, and does not say which: each user reads by itself, and those that can come back. */
  #stirAll(): void {
    const users = [...this.#users];
    this.#users.clear();
    this.#isReading = false;
    for (const user of users) user.onStirred();
  }
}
