type Entry = { readonly number: number } | { readonly missing: number | 'unknown' } | Begin;

interface Begin {
  readonly begin: number;
  readonly isOpen: boolean;
  /** Numbers behind this one are to be received, if the log has them at the end. */
  required: number;
}

/** The numbers that a consumer of one channel has received, and the gaps of its log between them. */
export class ReceivedNumbers {
  /** True if the log was deleted, or has lost messages that it had: a number of missing messages may then be unknown. */
  isDeleted = false;
  readonly #entries: Entry[] = [];
  readonly #faults: string[] = [];

  /** All numbers that were received. */
  get numbers(): number[] {
    return this.#entries.flatMap((entry) => ('number' in entry ? [entry.number] : []));
  }

  /** The last number, or 0. */
  get last(): number {
    const entry = this.#entries.findLast((each) => 'number' in each);
    return entry && 'number' in entry ? entry.number : 0;
  }

  /**
   * Notes that the consumer subscribes, and begins behind this number. `isOpen`: nothing tells the consumer how many numbers
   * there are before its first one. Returns a function that notes the last number of which it is free to miss.
   */
  begin(number: number, isOpen: boolean): (required: number) => void {
    const entry = { begin: number, isOpen, required: number };
    this.#entries.push(entry);
    return (required) => (entry.required = required);
  }

  receive(number: number): void {
    this.#entries.push({ number });
  }

  miss(missing: number | 'unknown'): void {
    this.#entries.push({ missing });
  }

  receiveUnexpectedly(): void {
    this.#faults.push('a message arrives after the end');
  }

  overflow(): void {
    this.#faults.push('a message arrives although there is no room');
  }

  /**
   * Returns the faults, given the numbers that the log has at the end: a number that arrives twice or out of order; missing
   * numbers without a gap at their place, or with another count; a number that is missing although the log has it.
   */
  faults(left: readonly number[], lastPublished: number): string[] {
    const faults = [...this.#faults];
    const received = new Set<number>();
    let last = 0;
    let start = 0;
    let isOpen = false;
    let told: (number | 'unknown')[] = [];
    for (const entry of this.#entries) {
      if ('missing' in entry) told.push(entry.missing);
      else if ('begin' in entry) {
        ({ begin: last, isOpen, required: start } = entry);
        told = [];
        received.clear();
      } else {
        faults.push(...this.#faultsBetween(last, entry.number, told, isOpen));
        isOpen = false;
        received.add(entry.number);
        last = entry.number;
        told = [];
      }
    }
    if (last !== lastPublished) faults.push(`ends with ${last}, and not with ${lastPublished}`);
    const lost = left.filter((number) => number > start && !received.has(number));
    if (lost.length > 0) faults.push(`${lost.join()} in the log, and not received`);
    return faults.length > 0 ? [...faults, JSON.stringify(this.#entries)] : [];
  }

  #faultsBetween(
    last: number,
    number: number,
    told: readonly (number | 'unknown')[],
    isOpen: boolean,
  ): string[] {
    const missing = number - last - 1;
    if (missing < 0) return [`${number} comes after ${last}`];
    const known = told.filter((count) => count !== 'unknown');
    const sum = known.reduce((total, count) => total + count, 0);
    const isExact = known.length === told.length;
    if (!isExact && !this.isDeleted)
      return [`an unknown gap before ${number} of a log that was never deleted`];
    if (isExact && !isOpen ? sum === missing : sum <= missing) return [];
    return [`${missing} missing between ${last} and ${number}, and ${told.join(' + ') || 'no gap'} told`];
  }
}
