import type { FollowedGroup } from './followed-group.js';
import { sizeOfEntry, type GroupEntry } from './group-entry.js';

export interface EntryBacklogHost {
  /** Returns whether one more of so many waiting entries may be delivered. */
  mayDeliver(waiting: number): boolean;
  deliver(entry: GroupEntry): void;
  /** Called when the consumers may have room again. */
  onRoom(): void;
}

/** The entries that have found no room yet. */
export class EntryBacklog {
  readonly #channel: FollowedGroup;
  readonly #host: EntryBacklogHost;
  readonly #entries: GroupEntry[] = [];
  #isDelivering = false;
  #isInLine = false;

  constructor(channel: FollowedGroup, host: EntryBacklogHost) {
    this.#channel = channel;
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(entries: readonly GroupEntry[]): void {
    this.#entries.push(...entries);
  }

  takeAll(): readonly GroupEntry[] {
    return this.#entries.splice(0);
  }

  /** Delivers the entries for which there is room; returns false if there are others, or a delivery is under way already. */
  deliver(): boolean {
    if (this.#isDelivering) return false;
    this.#isDelivering = true;
    for (let next = this.#entries[0]; next; next = this.#entries[0]) {
      if (!this.#host.mayDeliver(this.#entries.length)) break;
      if (this.#channel.isFull(sizeOfEntry(next))) {
        this.waitForRoom();
        break;
      }
      this.#entries.shift();
      this.#host.deliver(next);
    }
    this.#isDelivering = false;
    return this.isEmpty;
  }

  waitForRoom(): void {
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#channel.whenRoom(() => {
      this.#isInLine = false;
      this.#host.onRoom();
    });
  }
}
