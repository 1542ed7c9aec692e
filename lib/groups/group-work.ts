import { allOrLate } from '../all-or-late.js';
import { acknowledgementOf, Handling, type Outcome } from '../queue/handling.js';
import { Acknowledgements } from './acknowledgements.js';
import { beginUse, endUse, isInUse } from './consumer-uses.js';
import { DeadLetters } from './dead-letters.js';
import { EntriesInHand, RETURNED } from './entries-in-hand.js';
import { EntryBacklog } from './entry-backlog.js';
import type { FollowedGroup } from './followed-group.js';
import type { GroupEntry } from './group-entry.js';
import type { GroupKey } from './group-key.js';
import type { GroupSettings } from './group-options.js';

/** The largest number of entries in one request. */
const PAGE = 1_000;

export interface GroupWorkHost {
  /** Called when an entry stays pending, to be claimed after a while. */
  onLetGo(): void;
  /** Called when entries are no longer in hand: there may be room again. */
  onDone(): void;
  /** Called when the consumers may have room again. */
  onRoom(): void;
}

/** The entries that a consumer has received: their delivery, and what becomes of them. */
export class GroupWork {
  readonly inHand: EntriesInHand;
  readonly #of: GroupKey;
  readonly #options: GroupSettings;
  readonly #channel: FollowedGroup;
  readonly #host: GroupWorkHost;
  readonly #acknowledgements: Acknowledgements;
  readonly #deadLetters: DeadLetters;
  readonly #backlog: EntryBacklog;
  /** A user of the connection, from the start of the follower until the last acknowledgement after its end. */
  readonly #user = { heartbeat: 0, check: () => undefined };
  /** True while the follower needs the connection itself. */
  #isOpen = false;
  /** The number of attempts to close the connection. */
  #closing = 0;
  #onHandled: (() => void)[] = [];

  constructor(of: GroupKey, options: GroupSettings, channel: FollowedGroup, host: GroupWorkHost) {
    this.#of = of;
    this.#options = options;
    this.#channel = channel;
    this.#host = host;
    this.inHand = new EntriesInHand(of, options.claimAfter);
    this.#acknowledgements = new Acknowledgements(
      of,
      (ids) => this.#onDone(ids),
      (error) => channel.onFailed(error),
    );
    this.#backlog = new EntryBacklog(channel, {
      // New entries may arrive in the same moment as claimed ones, and together exceed the prefetch.
      mayDeliver: (waiting) => this.inHand.size - waiting < options.prefetch,
      deliver: (entry) => this.#deliver(entry),
      onRoom: () => host.onRoom(),
    });
    this.#deadLetters = new DeadLetters(of, options.deadLetter, {
      onMoved: (entry) => {
        channel.onDeadLetter(entry);
        this.#onDone([entry.id]);
      },
      onRefused: (entry, error) => {
        channel.onFailed(error);
        this.#letGo(entry);
      },
      onGivenUp: (entry) => this.#letGo(entry),
    });
  }

  /** Returns the number of entries that may be read. */
  room(): number {
    const { batch, prefetch } = this.#options;
    const room = prefetch - this.inHand.size;
    // An entry that is handled wakes the tail.
    if (room <= 0 || !this.#backlog.isEmpty) return 0;
    if (!this.#channel.isFull(0)) return Math.min(batch, room);
    this.#backlog.waitForRoom();
    return 0;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    beginUse(this.#of);
    this.#of.connection.join(this.#user);
  }

  receive(entries: readonly GroupEntry[]): void {
    for (const entry of entries) this.inHand.add(entry);
    this.#backlog.add(entries);
  }

  /** Delivers entries as far as there is room; returns false if there are others. */
  deliverWaiting(): boolean {
    return this.#backlog.deliver();
  }

  giveBackWaiting(): void {
    this.inHand.giveBack(this.#backlog.takeAll());
  }

  #deliver(entry: GroupEntry): void {
    const handling = new Handling((outcome) => this.#onOver(entry, outcome));
    // Only `ack()` and `nack()` end this part.
    if (this.#options.ack === 'manual') handling.begin();
    handling.deliver(() => this.#channel.deliver(entry, acknowledgementOf(handling)));
  }

  /** Returns the claimed entries that are to be delivered; those that were delivered too often become dead letters. */
  screen(entries: readonly GroupEntry[]): readonly GroupEntry[] {
    // An entry in hand was idle for so long because this process had stopped, and is still being handled.
    const others = entries.filter(({ id }) => !this.inHand.has(id));
    const { maxDeliveries } = this.#options;
    for (const entry of others) if (entry.deliveries > maxDeliveries) this.#bury(entry);
    return others.filter(({ deliveries }) => deliveries <= maxDeliveries);
  }

  #bury(entry: GroupEntry): void {
    this.inHand.add(entry);
    this.#deadLetters.add({ ...entry, deliveries: entry.deliveries - 1 });
  }

  /** Calls back when Redis knows of everything that has been handled, or given back. */
  whenFlushed(onFlushed: () => void): void {
    const whenBuried = () => this.#deadLetters.whenFlushed(onFlushed);
    this.inHand.whenGivenBack(() => this.#acknowledgements.whenFlushed(whenBuried));
  }

  /** Calls back when everything in hand has been handled, and Redis knows. */
  whenHandled(onHandled: () => void): void {
    if (this.inHand.size === 0) onHandled();
    else this.#onHandled.push(onHandled);
  }

  close(onClosed: () => void = () => undefined): void {
    if (!this.#isOpen) return onClosed();
    this.#isOpen = false;
    endUse(this.#of);
    this.#closeConnection(onClosed);
  }

  /** Gives up the requests without a reply, after which the entries stay pending. */
  giveUp(): void {
    this.#acknowledgements.giveUp();
    this.#deadLetters.giveUp();
    this.inHand.giveUp();
  }

  /** Closes the connection once Redis knows everything, or does not reply for too long. */
  #closeConnection(onClosed: () => void = () => undefined): void {
    this.#closing++;
    const close = allOrLate(1, () => {
      this.#closing--;
      if (this.#closing === 0 && !this.#isOpen) {
        this.giveUp();
        this.#of.connection.leave(this.#user);
      }
      onClosed();
    });
    this.whenFlushed(() => {
      if (this.#options.isOwnName && this.#isUnused) this.#deleteConsumer(close);
      else close();
    });
  }

  /** True if no follower uses the consumer, this one or the one of another Channel, and nothing remains to be acknowledged. */
  get #isUnused(): boolean {
    return !isInUse(this.#of) && this.inHand.size === 0;
  }

  /** Deletes a consumer that does not come back. Redis would forget what it has pending: another consumer takes that before. */
  #deleteConsumer(onEnd: () => void): void {
    const { key, group, consumer, connection } = this.#of;
    connection.send((client) => client.xPendingRange(key, group, '-', '+', PAGE, { consumer }), {
      onReply: (pending) => {
        if (!this.#isUnused) return onEnd();
        const ids = pending.map(({ id }) => String(id));
        const onReply = ids.length > 0 ? () => this.#deleteConsumer(onEnd) : onEnd;
        connection.send<unknown>(
          (client) =>
            ids.length > 0
              ? client.xClaimJustId(key, group, RETURNED, 0, ids)
              : client.xGroupDelConsumer(key, group, consumer),
          { onReply, onError: onEnd },
        );
      },
      onError: onEnd,
    });
  }

  #onOver(entry: GroupEntry, outcome: Outcome): void {
    if (this.inHand.dropForgotten(entry)) return this.#onDone([]);
    const isOpen = this.#isOpen;
    // The message was handled after the end of its Channel.
    if (!isOpen) this.#of.connection.join(this.#user);
    if (outcome === 'handled') this.#acknowledgements.add(entry.id);
    else if (outcome === 'failed' && entry.deliveries >= this.#options.maxDeliveries)
      this.#deadLetters.add(entry);
    else this.#letGo(entry, outcome === 'returned');
    if (!isOpen) this.#closeConnection();
  }

  /** Leaves an entry pending: any consumer claims it after a while, or at once if nobody has begun to handle it. */
  #letGo(entry: GroupEntry, isUntouched = false): void {
    if (isUntouched) this.inHand.giveBack([entry]);
    this.#host.onLetGo();
    this.#onDone([entry.id]);
  }

  #onDone(ids: readonly string[]): void {
    for (const id of ids) this.inHand.delete(id);
    if (this.inHand.size === 0) {
      const waiting = this.#onHandled;
      this.#onHandled = [];
      for (const onHandled of waiting) onHandled();
    }
    this.#host.onDone();
  }
}
