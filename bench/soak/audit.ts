import type { Channel, GapError, Message } from 'rx-redis-receiver';

const MAX_FINDINGS = 10;

/** Audit of a stream of numbered messages: the missing messages, and whether the stream has reported them. */
export class Audit {
  delivered = 0;
  /** Messages missing where the stream reports a lost connection, and perhaps an overflow too. */
  insideGaps = 0;
  /** Messages missing where the stream reports an overflow alone: all of them have to be counted as dropped. */
  insideOverflows = 0;
  duplicates = 0;
  outOfOrder = 0;
  unexplained = 0;
  gaps = 0;
  /** First few findings, as text. */
  readonly findings: string[] = [];
  readonly #last = new Map<Channel, Map<string, number>>();
  /** Causes of the gaps in the stream after the last message of each channel; a lost connection outweighs an overflow. */
  readonly #pending = new Map<Channel, Map<string, GapError['gap']['cause']>>();

  receive({ source, channel, data }: Message): void {
    this.delivered++;
    const number = Number(data);
    const lasts = this.#last.get(source) ?? new Map<string, number>();
    this.#last.set(source, lasts);
    const last = lasts.get(channel);
    const cause = this.#pending.get(source)?.get(channel);
    if (last !== undefined && number === last) this.#report('duplicates', source, channel, last, number);
    else if (last !== undefined && number < last) this.#report('outOfOrder', source, channel, last, number);
    else if (last !== undefined && number > last + 1) {
      const missing = number - last - 1;
      if (cause === 'reconnect') this.insideGaps += missing;
      else if (cause === 'overflow') this.insideOverflows += missing;
      else this.#report('unexplained', source, channel, last, number, missing);
    }
    lasts.set(channel, number);
    this.#pending.get(source)?.delete(channel);
  }

  recordGap({ gap }: GapError): void {
    this.gaps++;
    for (const source of gap.channels as readonly Channel[]) this.#markMissing(source, gap.cause);
  }

  /** Records that Redis has refused a channel: messages may be missing until the next one of this channel. */
  refuse(source: Channel): void {
    this.#markMissing(source, 'reconnect');
  }

  /** Returns whether the last message of a channel through this source has this number. */
  hasReceived(source: Channel, channel: string, number: number): boolean {
    return this.#last.get(source)?.get(channel) === number;
  }

  #markMissing(source: Channel, cause: GapError['gap']['cause']): void {
    const causes = this.#pending.get(source) ?? new Map<string, typeof cause>();
    this.#pending.set(source, causes);
    for (const channel of this.#last.get(source)?.keys() ?? [])
      if (causes.get(channel) !== 'reconnect') causes.set(channel, cause);
  }

  #report(
    what: 'duplicates' | 'outOfOrder' | 'unexplained',
    source: Channel,
    channel: string,
    last: number,
    number: number,
    count = 1,
  ): void {
    this[what] += count;
    const text = `${what}: ${source.kind} ${source.name}, on ${channel}: ${number} after ${last}`;
    if (this.findings.length < MAX_FINDINGS) this.findings.push(text);
  }
}
