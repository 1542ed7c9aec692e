import type { Watcher } from './pub-sub-hub.js';

/** The Receivers that watch a connection. A Receiver that was added several times has to be removed as often. */
export class Watchers {
  readonly #entries = new Map<Watcher, { count: number; readonly heartbeat: number }>();
  /** The number of watchers with each heartbeat, in milliseconds. */
  readonly #heartbeats = new Map<number, number>();
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

  /** Returns the watchers as they are now. */
  all(): readonly Watcher[] {
    return [...this.#entries.keys()];
  }

  add(watcher: Watcher): void {
    const entry = this.#entries.get(watcher);
    if (entry) {
      entry.count++;
      return;
    }
    const { heartbeat } = watcher;
    this.#entries.set(watcher, { count: 1, heartbeat });
    change(this.#heartbeats, heartbeat, 1);
    this.#onChange();
  }

  remove(watcher: Watcher): void {
    const entry = this.#entries.get(watcher);
    if (!entry || --entry.count > 0) return;
    this.#entries.delete(watcher);
    change(this.#heartbeats, entry.heartbeat, -1);
    this.#onChange();
  }
}

function change(counts: Map<number, number>, key: number, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
