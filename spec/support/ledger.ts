import type { Gap, ReceiverEvent } from '../../lib/index.js';

type Entry =
  | { readonly received: number; readonly channel: string; readonly at: number }
  | { readonly gap: Gap }
  | { readonly event: ReceiverEvent };

interface SentNumbers {
  /** The numbers that were sent, with the time of each. */
  readonly sent: Map<number, number>;
  last: number;
}

/** A log of the numbers sent on each channel, and of the messages and events that were received, in order. */
export class Ledger {
  readonly events: ReceiverEvent[] = [];
  readonly gaps: Gap[] = [];
  readonly #entries: Entry[] = [];
  readonly #sent = new Map<string, SentNumbers>();
  readonly #received = new Map<string, number[]>();
  #end: { readonly error: Error | undefined } | undefined;

  /** The end of the stream, with its error; undefined while the stream is open. */
  get ended(): { readonly error: Error | undefined } | undefined {
    return this.#end;
  }

  /** Returns the next number to publish on a channel. */
  send(channel: string): string {
    const numbers = this.#sent.get(channel) ?? { sent: new Map<number, number>(), last: 0 };
    this.#sent.set(channel, numbers);
    numbers.sent.set(++numbers.last, Date.now());
    return String(numbers.last);
  }

  lastSent(channel: string): number {
    return this.#sent.get(channel)?.last ?? 0;
  }

  lastReceived(channel: string): number {
    return this.#received.get(channel)?.at(-1) ?? 0;
  }

  received(channel: string): readonly number[] {
    return this.#received.get(channel) ?? [];
  }

  receive(channel: string, data: string): void {
    const number = Number(data);
    this.#received.set(channel, [...this.received(channel), number]);
    this.#entries.push({ received: number, channel, at: Date.now() });
  }

  record(event: ReceiverEvent): void {
    this.events.push(event);
    if (event.type === 'gap') this.gaps.push(event.gap);
    this.#entries.push(event.type === 'gap' ? { gap: event.gap } : { event });
  }

  end(error?: Error): void {
    this.#end = { error };
  }

  /** Returns the count of numbers that never arrived on a channel. */
  missing(channel: string): number {
    return this.lastSent(channel) - this.received(channel).length;
  }

  /**
   * Returns one line for each fault: a number that arrives twice or out of order; a missing number without a gap of its
   * channel between its neighbours; a gap that ends before a missing number was sent, or that begins after the last
   * message before it.
   */
  faults(): string[] {
    return [...this.#faultsOfGaps(), ...[...this.#sent.keys()].flatMap((name) => this.#faultsOf(name))];
  }

  #faultsOf(channel: string): string[] {
    const faults: string[] = [];
    const { sent } = this.#sent.get(channel) as SentNumbers;
    let last = 0;
    let gap: Gap | undefined;
    for (const entry of this.#entries) {
      if ('gap' in entry && entry.gap.channels.some(({ name }) => name === channel)) gap = entry.gap;
      if (!('received' in entry) || entry.channel !== channel) continue;
      const { received: number } = entry;
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
    let receivedAt = Infinity;
    for (const entry of this.#entries) {
      if ('received' in entry) receivedAt = entry.at;
      if (!('gap' in entry)) continue;
      const { since, until } = entry.gap;
      if (since > receivedAt) faults.push('a gap begins after the last message that came before it');
      if (since > until) faults.push('a gap ends before it begins');
    }
    return faults;
  }
}
