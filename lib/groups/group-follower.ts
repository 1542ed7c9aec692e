import { asyncScheduler, Subscription } from 'rxjs';
import { allOrLate } from '../all-or-late.js';
import { reasonOf } from '../errors/reason-of.js';
import type { StreamEntry } from '../log/log-client.js';
import { Claims } from './claims.js';
import type { FollowedGroup } from './followed-group.js';
import { GroupCreation } from './group-creation.js';
import { toGroupEntry, type GroupEntry, type LastEntry } from './group-entry.js';
import { isNoGroup, type GroupKey } from './group-key.js';
import type { GroupSettings } from './group-options.js';
import { BEFORE_ALL_ENTRIES } from '../streams/entry-id.js';
import type { GroupTail, TailUser } from './group-tail.js';
import { GroupWork } from './group-work.js';

/** Milliseconds after which a stream that Redis has refused to read is read again. */
const PAUSE = 2_000;

/**
 * `'refused'`: Redis does not let the consumer read for the moment. `'healing'`: the group is being created anew. `'leaving'`: no
 * more is read; the follower ends when the last reply is there, and Redis knows what has been handled.
 */
type State = 'idle' | 'starting' | 'ready' | 'reading' | 'refused' | 'healing' | 'leaving';

/** Reads the entries of a stream as one consumer of a group: hands on what there is room for, and acknowledges what was handled. */
export class GroupFollower implements TailUser {
  readonly options: GroupSettings;
  readonly key: string;
  readonly #channel: FollowedGroup;
  readonly #tail: GroupTail;
  readonly #creation: GroupCreation;
  readonly #claims: Claims;
  readonly #work: GroupWork;
  #state: State = 'idle';
  /** True while the tail reads for the follower. */
  #hasJoined = false;
  #last: LastEntry = { id: BEFORE_ALL_ENTRIES };
  /** Epoch milliseconds: the time of the start, or of the last new entries. */
  #heardAt = 0;
  #pause = Subscription.EMPTY;
  #onRefusedStart: ((error: unknown) => void) | undefined;
  readonly #onLeft: (() => void)[] = [];
  /** Ends the wait of `drain`. */
  #onStopped: (() => void) | undefined;
  /** The next start, which waits until the follower has ended. */
  #next: (() => void) | undefined;

  constructor(channel: FollowedGroup, of: GroupKey, options: GroupSettings, tail: GroupTail) {
    this.options = options;
    this.key = of.key;
    this.#channel = channel;
    this.#tail = tail;
    this.#creation = new GroupCreation(of, this);
    this.#claims = new Claims(of, options.claimAfter, {
      room: () => this.room(),
      inHand: () => this.#work.inHand,
      onClaimed: (entries) => this.#accept(this.#work.screen(entries)),
      onDeleted: (count) => this.onLost(count),
      onRefused: (error) => {
        if (!this.#hasJoined || isNoGroup(reasonOf(error))) this.onRefused(error);
        else channel.onFailed(error);
      },
    });
    this.#work = new GroupWork(of, options, channel, {
      onLetGo: () => {
        if (!this.#claims.ticks) this.#claims.schedule(options.claimAfter);
      },
      onDone: () => this.resume(),
      onRoom: () => this.resume(),
    });
  }

  /** True if nothing has started the follower, also while it ends. */
  get isIdle(): boolean {
    return this.#state === 'idle' || (this.#state === 'leaving' && !this.#next);
  }

  /** The last entry that the group is known to have delivered to anybody. */
  get last(): string {
    return this.#last.id;
  }

  /** True if the group exists, and until the follower leaves it. */
  get isReady(): boolean {
    return this.#state !== 'idle' && this.#state !== 'starting' && this.#state !== 'leaving';
  }

  /** Creates the group if there is none. Calls `onReady`, or `onRefused` if Redis refuses it. */
  start(onReady: () => void, onRefused: (error: unknown) => void): void {
    this.#next = undefined;
    if (this.#state === 'leaving') this.#next = () => this.start(onReady, onRefused);
    if (this.#state !== 'idle') return;
    this.#state = 'starting';
    this.#heardAt = asyncScheduler.now();
    this.#onRefusedStart = onRefused;
    this.#work.open();
    this.#creation.runFirst(this.options.from, (last) => {
      this.#onRefusedStart = undefined;
      this.#last = { id: last };
      this.#state = 'ready';
      onReady();
    });
  }

  /** Begins to read: first what the consumer has had in an earlier life, and then new entries. */
  read(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'reading';
    this.#join();
  }

  #join(): void {
    const join = () => {
      this.#hasJoined = true;
      this.#tail.join(this);
      this.#claims.run();
      // In memory once: for what consumers that are gone have left.
      this.#claims.schedule(this.options.claimAfter / (this.#claims.ticks ? 2 : 1));
    };
    if (this.options.isOwnName) join();
    else this.#claims.runOwn(join);
  }

  /** Reads no more. Entries that nobody has received yet are given back. */
  stop(): void {
    this.#next = undefined;
    this.#onStopped?.();
    if (this.#state === 'idle' || this.#state === 'leaving') return;
    this.#state = 'leaving';
    this.#hasJoined = false;
    this.#creation.cancel();
    this.#claims.unschedule();
    this.#pause.unsubscribe();
    this.#onRefusedStart = undefined;
    this.#work.giveBackWaiting();
    const onLeft = allOrLate(1, () => this.#end());
    this.#tail.leave(this, () => this.#claims.stop(() => this.#work.whenFlushed(onLeft)));
  }

  /** Stops, and calls back when everything in hand has been handled, and Redis knows. */
  drain(onDrained: () => void): void {
    this.stop();
    const onHandled = () => {
      if (this.#onStopped !== onHandled) return;
      this.#onStopped = undefined;
      this.#claims.unschedule();
      this.whenLeft(() => {
        if (this.#state === 'idle') this.#work.close(onDrained);
        else onDrained();
      });
    };
    this.#onStopped = onHandled;
    // Entries that are still being handled belong to this consumer, however long that takes.
    if (this.#claims.ticks) this.#claims.schedule(this.options.claimAfter / 2);
    this.#work.whenHandled(onHandled);
  }

  /** Calls back when the follower has ended. */
  whenLeft(onLeft: () => void): void {
    if (this.#state === 'leaving') this.#onLeft.push(onLeft);
    else onLeft();
  }

  resume(): void {
    if (this.#state === 'reading') this.#pump();
  }

  room(): number {
    return this.#state === 'reading' ? this.#work.room() : 0;
  }

  onEntries(entries: readonly StreamEntry[]): void {
    this.#heardAt = asyncScheduler.now();
    const received = entries.map((entry) => toGroupEntry(entry, 1));
    this.#last = received.at(-1) ?? this.#last;
    this.#accept(received);
  }

  onLost(count: number | undefined): void {
    this.#channel.onMissed(this.#heardAt, count);
  }

  onUncounted(error: unknown): void {
    this.#channel.onFailed(error);
  }

  onRefused(error: unknown): void {
    const refuse = this.#onRefusedStart;
    if (refuse) {
      this.stop();
      return refuse(error);
    }
    if (this.#state === 'reading' && isNoGroup(reasonOf(error))) return this.#heal();
    if (this.#state === 'reading' || this.#state === 'healing') {
      this.#state = 'refused';
      this.#pause = asyncScheduler.schedule(() => this.#readOn(), PAUSE);
    }
    this.#channel.onFailed(error);
  }

  onFailing(error: unknown): void {
    this.#channel.onFailing(error);
  }

  #accept(entries: readonly GroupEntry[]): void {
    if (this.#state === 'leaving' || this.#state === 'idle') return this.#work.inHand.giveBack(entries);
    this.#work.receive(entries);
    this.#pump();
  }

  /** Delivers the entries for which there is room, and reads on when all of them are delivered. */
  #pump(): void {
    if (this.#work.deliverWaiting() && this.#state === 'reading') this.#tail.wake(this);
  }

  /** Creates the group anew, behind the last entry that it is known to have delivered. */
  #heal(): void {
    this.#state = 'healing';
    this.#work.inHand.forget();
    this.#creation.runAnew(this.#last, (last) => {
      this.#last = { id: last };
      this.#channel.onGroupLost();
      this.onLost(undefined);
      this.#readOn();
    });
  }

  #readOn(): void {
    if (this.#state !== 'refused' && this.#state !== 'healing') return;
    this.#state = 'reading';
    if (!this.#hasJoined) this.#join();
    this.#pump();
  }

  #end(): void {
    if (this.#state !== 'leaving') return;
    // Does nothing unless Redis has not replied in time.
    this.#tail.abandon(this);
    this.#claims.cancel();
    this.#work.giveUp();
    this.#state = 'idle';
    if (!this.#onStopped) this.#work.close();
    for (const onLeft of this.#onLeft.splice(0)) onLeft();
    this.#next?.();
  }
}
