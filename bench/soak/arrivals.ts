/** The most numbers of one name. */
const MOST = 10_000_000;

/** The numbers that have arrived, by name: those that came again, and those that came before an earlier one. */
export class Arrivals {
  /** Numbers that have arrived at least once. */
  distinct = 0;
  again = 0;
  outOfOrder = 0;
  readonly #names;

  constructor(names: readonly string[]) {
    // Outside of the heap, whose size is measured.
    this.#names = new Map(names.map((name) => [name, { seen: new Uint8Array(MOST), distinct: 0, last: 0 }]));
  }

  add(name: string, number: number): void {
    const arrived = this.#names.get(name);
    if (!arrived) throw new Error(`nothing is published on ${name}`);
    if (number !== arrived.last + 1) this.outOfOrder++;
    arrived.last = number;
    if (arrived.seen[number]) {
      this.again++;
      return;
    }
    arrived.seen[number] = 1;
    arrived.distinct++;
    this.distinct++;
  }

  /** Returns how many numbers of a name have arrived. */
  of(name: string): number | undefined {
    return this.#names.get(name)?.distinct;
  }
}
