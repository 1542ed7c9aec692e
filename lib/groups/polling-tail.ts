import { asyncScheduler, Subscription } from 'rxjs';
import { RetriedRequests } from '../recovery/retried-requests.js';
import type { StreamReply } from '../streams/stream-commands.js';
import { CheckedReads, type SendRead } from './checked-reads.js';
import type { GroupTail, TailOptions, TailUser } from './group-tail.js';

/** Milliseconds between two reads of a stream that brings entries, and the longest pause of one that brings none. */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 250;

/**
 * Reads each stream on its own, without blocking the connection, more seldom while it brings nothing. For a cluster, where a
 * blocked read would need a connection for each slot.
 */
export class PollingTail implements GroupTail {
  readonly #options: TailOptions;
  readonly #polls = new Map<TailUser, Poll>();

  constructor(options: TailOptions) {
    this.#options = options;
  }

  join(user: TailUser): void {
    this.#polls.set(user, new Poll(user, this.#options));
  }

  leave(user: TailUser, onLeft: () => void): void {
    const poll = this.#polls.get(user);
    if (poll) poll.stop(onLeft);
    else onLeft();
  }

  abandon(user: TailUser): void {
    this.#polls.get(user)?.cancel();
    this.#polls.delete(user);
  }

  wake(user: TailUser): void {
    this.#polls.get(user)?.wake();
  }
}

/** The reads of one stream. */
export class Poll {
  readonly #user: TailUser;
  readonly #options: TailOptions;
  readonly #requests: RetriedRequests;
  readonly #reads: CheckedReads;
  #timer = Subscription.EMPTY;
  #pause = SHORTEST_PAUSE;
  #isReading = false;
  #isStopped = false;
  #onStopped: (() => void)[] = [];

  constructor(user: TailUser, options: TailOptions) {
    this.#user = user;
    this.#options = options;
    this.#reads = new CheckedReads(options);
    this.#requests = new RetriedRequests(options.connection, {
      onRefused: (error) => {
        this.#isReading = false;
        user.onRefused(error);
        this.#endStop();
      },
      onFailing: (error) => user.onFailing(error),
    });
    this.wake();
  }

  wake(): void {
    if (this.#isReading || this.#isStopped) return;
    this.#timer.unsubscribe();
    const room = this.#user.room();
    if (room > 0) this.#read(room);
  }

  /** Ends the reads; calls back after the reply to the last one, whose entries still go to the user. */
  stop(onStopped: () => void): void {
    this.#isStopped = true;
    this.#timer.unsubscribe();
    if (this.#isReading) this.#onStopped.push(onStopped);
    else onStopped();
  }

  /** Ends the reads at once: entries of a reply that is on its way are claimed after a while. */
  cancel(): void {
    this.#isStopped = true;
    this.#isReading = false;
    this.#timer.unsubscribe();
    this.#requests.cancel();
    this.#endStop();
  }

  #read(count: number): void {
    const { hub } = this.#options.connection;
    const send: SendRead = (command, request) => hub.connection.send((_, client) => command(client), request);
    this.#isReading = true;
    this.#requests.ask<readonly StreamReply[] | null>(
      (request) => this.#reads.send(send, [this.#user], count, request),
      (streams) => {
        this.#isReading = false;
        const entries = streams?.[0]?.messages ?? [];
        this.#pause = entries.length > 0 ? SHORTEST_PAUSE : Math.min(2 * this.#pause, LONGEST_PAUSE);
        if (entries.length > 0) this.#user.onEntries(entries);
        if (this.#isStopped) this.#endStop();
        else this.#schedule();
      },
    );
  }

  #endStop(): void {
    for (const onStopped of this.#onStopped.splice(0)) onStopped();
  }

  /** The user may have woken the poll inside `onEntries`: then it reads already, and the timer finds that. */
  #schedule(): void {
    this.#timer.unsubscribe();
    this.#timer = asyncScheduler.schedule(() => this.wake(), this.#pause);
  }
}
