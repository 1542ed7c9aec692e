import { randomUUID } from 'node:crypto';
import { setTimeout as pace } from 'node:timers/promises';
import type { Gap, Receiver } from '../../lib/index.js';
import { until } from './until.js';
import { untilHeard } from './until-heard.js';

type Kind = 'channel' | 'pattern' | 'shard';

/** Publishes one message; rejects if no server has accepted the message. */
export type Publish = (kind: 'channel' | 'shard', name: string, data: string) => Promise<unknown>;

export interface Line {
  readonly kind: Kind;
  /** The name of the Channel: a name or a glob. */
  readonly name: string;
  /** The channel to publish to. */
  readonly target: string;
}

interface Sent {
  readonly from: number;
  to: number;
  /** True if no server has confirmed the message, which may or may not arrive. */
  isUnconfirmed: boolean;
}

/** `transit` is how long the last messages before the gap took to arrive, in milliseconds. */
type Entry = { readonly number: number } | { readonly gap: Gap; readonly transit: number };

/** Milliseconds between the messages of a line. */
const INTERVAL = 4;

/** Numbered messages on many lines during an operation, and a check that each missing message lies in a gap. */
export class Traffic {
  readonly gaps: Gap[] = [];
  readonly #publish: Publish;
  readonly #lines: readonly Line[];
  readonly #sender = randomUUID();
  readonly #sent = new Map<Line, Sent[]>();
  readonly #entries = new Map<Line, Entry[]>();
  readonly #last = new Map<Line, number>();
  readonly #transits = new Map<Line, number>();
  #isFlowing = false;
  #hasFailed = false;
  #flows: Promise<unknown> = Promise.resolve();

  constructor(receiver: Receiver, publish: Publish, lines: readonly Line[]) {
    this.#publish = publish;
    this.#lines = lines;
    const lineOf = new Map<unknown, Line>();
    for (const line of lines) {
      lineOf.set(receiver[line.kind](line.name), line);
      this.#sent.set(line, []);
      this.#last.set(line, -1);
      this.#entries.set(line, []);
    }
    receiver.events.subscribe((event) => {
      if (event.type !== 'gap') return;
      this.gaps.push(event.gap);
      const transit = Math.max(0, ...this.#transits.values());
      for (const channel of event.gap.channels) {
        const line = lineOf.get(channel);
        if (line) this.#entries.get(line)!.push({ gap: event.gap, transit });
      }
    });
    receiver.subscribe(({ source, data }) => {
      const line = lineOf.get(source);
      const [sender, number] = data.split(' ');
      // Messages of an earlier sender may still be under way between two nodes.
      if (!line || sender !== this.#sender) return;
      this.#entries.get(line)!.push({ number: Number(number) });
      this.#last.set(line, Number(number));
      this.#transits.set(line, Date.now() - this.#sent.get(line)![Number(number)]!.from);
    });
  }

  /** The lines with an announced gap, in the order of the lines. */
  get affected(): string[] {
    const channels = new Set(this.gaps.flatMap((gap) => gap.channels));
    return this.#lines
      .filter(({ kind, name }) =>
        [...channels].some((channel) => channel.kind === kind && channel.name === name),
      )
      .map(({ name }) => name);
  }

  /** Publishes during `work`, and then until each line has received a message that was published after it. */
  async during(work: () => Promise<unknown>): Promise<void> {
    this.#isFlowing = true;
    this.#flows = Promise.all(this.#lines.map((line) => this.#flow(line)));
    try {
      await this.allReceive();
      await work();
      await this.allReceive();
    } catch (error) {
      // The publishers may find no server: waiting for them would hide the error.
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#isFlowing = false;
    }
    await this.#flows;
    await this.settle();
  }

  /** Resolves when each line has received a message that is published from now on. */
  async allReceive(lines = this.#lines): Promise<void> {
    const marks = lines.map((line) => this.#sent.get(line)!.length);
    const silent = () => lines.filter((line, index) => this.#last.get(line)! < marks[index]!);
    await untilHeard(silent);
  }

  /** Resolves when the last published message of each line has been received. */
  async settle(): Promise<void> {
    const isDone = (line: Line) => this.#sent.get(line)!.length - 1 === this.#last.get(line);
    await until(() => this.#lines.every(isDone), { message: 'the last message of each line' });
  }

  /**
   * Returns the faults of the deliveries; `missing` counts the messages in gaps. After a gap, messages may arrive
   * again: another server receives later what the previous one has delivered. The times of a gap are times of arrival: a
   * missing message may have been published earlier, by the time that it was on its way.
   */
  check(): { faults: string[]; missing: number } {
    const faults: string[] = [];
    let missing = 0;
    for (const line of this.#lines) {
      let last = -1;
      let latest = -1;
      let gaps: { since: number; until: number }[] = [];
      const sent = this.#sent.get(line)!;
      for (const entry of this.#entries.get(line)!) {
        if ('gap' in entry) {
          gaps.push({ since: entry.gap.since - entry.transit, until: entry.gap.until });
          latest = -1;
          continue;
        }
        if (entry.number <= latest) faults.push(`${line.name}: ${entry.number} came after ${latest}`);
        for (let number = last + 1; number < entry.number; number++) {
          const { from, to, isUnconfirmed } = sent[number]!;
          if (isUnconfirmed) continue;
          missing++;
          if (!gaps.some(({ since, until: end }) => since <= to && from <= end)) {
            const known = gaps.map(({ since, until: end }) => `${since - from} to ${end - from}`).join();
            faults.push(
              `${line.name}: ${number} is missing, in no gap (took ${to - from} ms; gaps: ${known})`,
            );
          }
        }
        latest = entry.number;
        if (entry.number > last) gaps = [];
        last = Math.max(last, entry.number);
      }
    }
    return { faults, missing };
  }

  async #flow(line: Line): Promise<void> {
    const sent = this.#sent.get(line)!;
    const kind = line.kind === 'shard' ? 'shard' : 'channel';
    while (this.#isFlowing || (sent.at(-1)?.isUnconfirmed && !this.#hasFailed)) {
      const record: Sent = { from: Date.now(), to: Infinity, isUnconfirmed: true };
      sent.push(record);
      try {
        await this.#publish(kind, line.target, `${this.#sender} ${sent.length - 1}`);
        record.to = Date.now();
        record.isUnconfirmed = false;
      } catch {
        // Failures are normal during a failover.
      }
      await pace(INTERVAL);
    }
  }
}
