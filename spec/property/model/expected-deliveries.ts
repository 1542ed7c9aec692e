/** What one consumer hears of numbered messages, and what it must have heard. */
export class ExpectedDeliveries {
  /** Each `number key` that has to come yet. */
  readonly #due = new Map<string, number>();
  readonly #since: number;
  readonly #complain: (what: string) => void;
  readonly #connectionOf: (key: string) => string;
  readonly #connections = new Map<string, { last: number; readonly keys: Set<string> }>();

  /** `since`: nothing up to that number may come. What comes over one connection comes in order. */
  constructor(since: number, connectionOf: (key: string) => string, complain: (what: string) => void) {
    this.#since = since;
    this.#connectionOf = connectionOf;
    this.#complain = complain;
  }

  expect(number: number, key: string): void {
    this.#due.set(`${String(number)} ${key}`, number);
  }

  hear(number: number, key: string): void {
    if (number <= this.#since) this.#complain(`${key}: ${String(number)} was published before`);
    const name = this.#connectionOf(key);
    const connection = this.#connections.get(name) ?? { last: 0, keys: new Set() };
    this.#connections.set(name, connection);
    const { last, keys } = connection;
    if (number < last) this.#complain(`${key}: ${String(number)} came after ${String(last)}`);
    if (number !== last) keys.clear();
    if (keys.has(key)) this.#complain(`${key}: ${String(number)} came twice`);
    keys.add(key);
    connection.last = number;
    this.#due.delete(`${String(number)} ${key}`);
    for (const [entry, due] of this.#due) {
      if (due > number || entry !== `${String(due)} ${key}`) continue;
      this.#complain(`${entry} is missing before ${String(number)}, and nothing has told of it`);
      this.#due.delete(entry);
    }
  }

  /** The stream has told that these of a key may be missing. */
  excuse(key: string, isExcused: (number: number) => boolean): void {
    for (const [entry, due] of this.#due)
      if (entry === `${String(due)} ${key}` && isExcused(due)) this.#due.delete(entry);
  }

  forgive(number: number, key: string): void {
    this.#due.delete(`${String(number)} ${key}`);
  }

  /** Forgives all later than `number`; of one key alone, or of all. */
  forgiveAfter(number: number, key?: string): void {
    for (const [entry, due] of this.#due) {
      if (due > number && (key === undefined || entry === `${String(due)} ${key}`)) this.#due.delete(entry);
    }
  }

  /** Everything up to `number` must have come by now. */
  check(number: number): void {
    for (const [entry, due] of this.#due) {
      if (due > number) continue;
      this.#complain(`${entry} is missing`);
      this.#due.delete(entry);
    }
  }
}
