import type { Gap, ReceiverEvent } from '../../lib/index.js';

type Entry =
  | { readonly heard: number; readonly channel: string; readonly at: number }
  | { readonly gap: Gap }
  | { readonly event: ReceiverEvent };

interface Sending {
  /** Numbers that were sent, and when. */
  readonly sent: Map<number, number>;
  last: number;
}

/** What was sent by number on each channel, and beside it all that was heard and announced, in its order. */
export class Ledger {
  readonly events: ReceiverEvent[] = [];
  readonly gaps: Gap[] = [];
  readonly #entries: Entry[] = [];
  readonly #sendings = new Map<string, Sending>();
  readonly #heard = new Map<string, number[]>();
  #end: { readonly error: Error | undefined } | undefined;

  /** Whether the stream has ended, and with what. */
  get ended(): { readonly error: Error | undefined } | undefined {
    return this.#end;
  }

  /** What to publish next on a channel. */
  send(channel: string): string {
    const sending = this.#sendings.get(channel) ?? { sent: new Map<number, number>(), last: 0 };
    this.#sendings.set(channel, sending);
    sending.sent.set(++sending.last, Date.now());
    return String(sending.last);
  }

  lastSent(channel: string): number {
    return this.#sendings.get(channel)?.last ?? 0;
  }

  lastHeard(channel: string): number {
    return this.#heard.get(channel)?.at(-1) ?? 0;
  }

  heard(channel: string): readonly number[] {
    return this.#heard.get(channel) ?? [];
  }

  hear(channel: string, data: string): void {
    const number = Number(data);
    this.#heard.set(channel, [...this.heard(channel), number]);
    this.#entries.push({ heard: number, channel, at: Date.now() });
  }

  note(event: ReceiverEvent): void {
    this.events.push(event);
    if (event.type === 'gap') this.gaps.push(event.gap);
    this.#entries.push(event.type === 'gap' ? { gap: event.gap } : { event });
  }

  end(error?: Error): void {
    this.#end = { error };
  }

  /** How many numbers of a channel never came. */
  missing(channel: string): number {
    return this.lastSent(channel) - this.heard(channel).length;
  }

  /**
   * What is wrong, one line each: a number that came twice or out of order; one that is missing though no gap of its
   * channel is told between those that came before and after it; a gap that ends before something missing was sent, or
   * begins later than the last message that came before it.
   */
  faults(): string[] {
    return [...this.#faultsOfGaps(), ...[...this.#sendings.keys()].flatMap((name) => this.#faultsOf(name))];
  }

  #faultsOf(channel: string): string[] {
    const faults: string[] = [];
    const { sent } = this.#sendings.get(channel) as Sending;
    let last = 0;
    let gap: Gap | undefined;
    for (const entry of this.#entries) {
      if ('gap' in entry && entry.gap.channels.some(({ name }) => name === channel)) gap = entry.gap;
      if (!('heard' in entry) || entry.channel !== channel) continue;
      const { heard: number } = entry;
      if (number <= last) faults.push(`${channel}: ${number} came after ${last}`);
      if (number > last + 1) {
        if (!gap) faults.push(`${channel}: no gap between ${last} and ${number}`);
        else if ((sent.get(number - 1) as number) > gap.until)
          faults.push(`${channel}: the gap ends too early`);
      }
      last = number;
      gap = undefined;
    }
    return faults;
  }

  #faultsOfGaps(): string[] {
    const faults: string[] = [];
    let heardAt = Infinity;
    for (const entry of this.#entries) {
      if ('heard' in entry) heardAt = entry.at;
      if (!('gap' in entry)) continue;
      const { since, until } = entry.gap;
      if (since > heardAt) faults.push('a gap begins after the last message that came before it');
      if (since > until) faults.push('a gap ends before it begins');
    }
    return faults;
  }
}
