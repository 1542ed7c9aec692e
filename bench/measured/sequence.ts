/** Digits of the number with which each message starts. */
export const NUMBER_DIGITS = 8;
/** Digits of the nanoseconds that may follow the number. */
export const TIME_DIGITS = 18;

/**
 * Check that each message is the next one, on its channel. All messages come over one connection, so that their order over
 * all channels is known. The check is part of the measured work, and therefore has no parser and no look-up.
 */
export class Sequence {
  readonly #names: readonly string[];
  #received = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Takes a message, whose channel may be unknown, and returns the number of messages taken. */
  take(channel: string | undefined, data: string | Buffer): number {
    const expected = this.#received++;
    const number =
      typeof data === 'string' ? numberOf(data) : numberOf(data.toString('latin1', 0, NUMBER_DIGITS));
    const isRight = channel === undefined || channel === this.#names[expected % this.#names.length];
    if (number !== expected || !isRight) {
      console.error(
        `expected message ${expected}, got ${String(data.slice(0, NUMBER_DIGITS))} on ${channel}`,
      );
      process.exit(1);
    }
    return this.#received;
  }
}

/** Check that each message is the next one of its channel: the order over all channels is not guaranteed. */
export class ChannelSequences {
  readonly #next: Map<string, number>;
  readonly #step: number;
  #received = 0;

  constructor(names: readonly string[]) {
    this.#next = new Map(names.map((name, index) => [name, index]));
    this.#step = names.length;
  }

  /** Takes a message, and returns the number of messages taken. */
  take(channel: string, data: string): number {
    const expected = this.#next.get(channel) as number;
    if (numberOf(data) !== expected) {
      console.error(`expected message ${expected} on ${channel}, got ${data.slice(0, NUMBER_DIGITS)}`);
      process.exit(1);
    }
    this.#next.set(channel, expected + this.#step);
    return ++this.#received;
  }
}

export function channelNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

function numberOf(data: string): number {
  let value = 0;
  for (let at = 0; at < NUMBER_DIGITS; at++) value = value * 10 + data.charCodeAt(at) - 48;
  return value;
}
