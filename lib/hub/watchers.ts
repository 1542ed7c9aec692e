import type { ReaderMode } from '../reader/reader-mode.js';
import type { PubSubHub, Watcher } from './pub-sub-hub.js';

interface Entry {
  count: number;
  readonly heartbeat: number;
  readonly reader: ReaderMode | undefined;
}

/** The Receivers that watch a connection. A Receiver that was added several times has to be removed as often. */
export class Watchers {
  readonly #entries = new Map<Watcher, Entry>();
  /** The number of watchers with each heartbeat, in milliseconds. */
  readonly #heartbeats = new Map<number, number>();
  /** The number of watchers that want each reader. */
  readonly #readers = new Map<ReaderMode | undefined, number>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The shortest heartbeat of all watchers, in milliseconds; 0 for none. */
  get heartbeat(): number {
    let shortest = Infinity;
    for (const heartbeat of this.#heartbeats.keys())
      if (heartbeat > 0 && heartbeat < shortest) shortest = heartbeat;
    return shortest === Infinity ? 0 : shortest;
  }

  /** The reader that the watchers want: the client's if a single one wants that; undefined if none wants any. */
  get reader(): ReaderMode | undefined {
    if (this.#readers.has('client')) return 'client';
    return this.#readers.has('fast') ? 'fast' : undefined;
  }

  /** Returns the watchers as they are now. */
  all(): readonly Watcher[] {
    return [...this.#entries.keys()];
  }

  add(watcher: Watcher, hub: PubSubHub): void {
    const entry = this.#entries.get(watcher);
    if (entry) {
      entry.count++;
      return;
    }
    const { heartbeat } = watcher;
    const reader = watcher.readerOf?.(hub);
    this.#entries.set(watcher, { count: 1, heartbeat, reader });
    change(this.#heartbeats, heartbeat, 1);
    change(this.#readers, reader, 1);
    this.#onChange();
  }

  remove(watcher: Watcher): void {
    const entry = this.#entries.get(watcher);
    if (!entry || --entry.count > 0) return;
    this.#entries.delete(watcher);
    change(this.#heartbeats, entry.heartbeat, -1);
    change(this.#readers, entry.reader, -1);
    this.#onChange();
  }
}

function change<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
