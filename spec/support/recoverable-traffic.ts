import { setTimeout as pace } from 'node:timers/promises';
import { recoverable, type Receiver } from '../../lib/index.js';
import type { ScriptClient } from '../../lib/log/log-client.js';
import { untilHeard } from './until-heard.js';

/** A recoverable Channel. */
export interface RecoverableLine {
  readonly kind: 'channel' | 'shard';
  readonly name: string;
}

type Entry = { readonly number: number } | { readonly gap: number | undefined; readonly cause: string };

/** Milliseconds between the messages of a line. */
const INTERVAL = 2;

/** Numbered messages on recoverable Channels during an operation: each confirmed one is received, or told by a gap. */
export class RecoverableTraffic {
  readonly #lines: readonly RecoverableLine[];
  readonly #publisher;
  /** The confirmed numbers of each line. */
  readonly #confirmed = new Map<RecoverableLine, Set<number>>();
  readonly #sent = new Map<RecoverableLine, number>();
  readonly #entries = new Map<RecoverableLine, Entry[]>();
  #isFlowing = false;

  constructor(receiver: Receiver, client: ScriptClient, lines: readonly RecoverableLine[]) {
    this.#lines = lines;
    this.#publisher = recoverable(client);
    const lineOf = new Map<unknown, RecoverableLine>();
    for (const line of lines) {
      lineOf.set(receiver[line.kind](line.name, { recover: {} }), line);
      this.#confirmed.set(line, new Set());
      this.#entries.set(line, []);
    }
    receiver.events.subscribe((event) => {
      if (event.type !== 'gap') return;
      const { channels, dropped, cause } = event.gap;
      for (const line of channels.map((channel) => lineOf.get(channel)))
        if (line) this.#entries.get(line)!.push({ gap: dropped, cause });
    });
    receiver.subscribe(({ source, data }) => {
      this.#entries.get(lineOf.get(source)!)!.push({ number: Number(data) });
    });
  }

  /** Publishes during `work`, and until each line has received a message that was published after it. */
  async during(work: () => Promise<unknown>): Promise<void> {
    this.#isFlowing = true;
    const flows = this.#lines.map((line) => this.#flow(line));
    try {
      await this.#allReceive();
      await work();
      await this.#allReceive();
    } finally {
      this.#isFlowing = false;
    }
    await Promise.all(flows);
    await this.#allReceive(0);
  }

  /** Returns the faults: a message that arrives twice, out of order, or, though confirmed, neither arrives nor is in a gap. */
  check(): { faults: string[]; missing: number; gaps: number } {
    const faults: string[] = [];
    let [missing, gaps] = [0, 0];
    for (const line of this.#lines) {
      let last = 0;
      let told = 0;
      for (const entry of this.#entries.get(line)!) {
        if (!('number' in entry)) {
          told++;
          gaps++;
          if (entry.cause !== 'log') faults.push(`${line.name}: a gap of the cause ${entry.cause}`);
          continue;
        }
        const { number } = entry;
        if (number <= last) faults.push(`${line.name}: ${number} comes after ${last}`);
        const lost = [...this.#confirmed.get(line)!].filter((sent) => last < sent && sent < number);
        missing += lost.length;
        if (lost.length > 0 && told === 0)
          faults.push(`${line.name}: ${lost.join()} are missing without a gap`);
        last = number;
        told = 0;
      }
    }
    return { faults, missing, gaps };
  }

  #last(line: RecoverableLine): number {
    const last = this.#entries.get(line)!.findLast((entry) => 'number' in entry);
    return last && 'number' in last ? last.number : 0;
  }

  /** Resolves when each line has received a message that is published from now on, or, with 0, the last one. */
  async #allReceive(more = 1): Promise<void> {
    const marks = this.#lines.map((line) => (this.#sent.get(line) ?? 0) + more);
    const silent = () => this.#lines.filter((line, index) => this.#last(line) < marks[index]!);
    await untilHeard(silent);
  }

  async #flow(line: RecoverableLine): Promise<void> {
    let isConfirmed = false;
    while (this.#isFlowing || !isConfirmed) {
      const number = (this.#sent.get(line) ?? 0) + 1;
      this.#sent.set(line, number);
      const publish = line.kind === 'shard' ? 'sPublish' : 'publish';
      isConfirmed = await Promise.resolve(this.#publisher[publish](line.name, String(number))).then(
        () => true,
        () => false,
      );
      if (isConfirmed) this.#confirmed.get(line)!.add(number);
      await pace(INTERVAL);
    }
  }
}
