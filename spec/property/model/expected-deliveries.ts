/** The messages that one consumer has received and must receive, by number. */
export class ExpectedDeliveries {
  /** The expected messages that have not arrived; the keys are `number key`. */
  readonly #due = new Map<string, number>();
  readonly #since: number;
  readonly #complain: (what: string) => void;
  readonly #connectionOf: (key: string) => string;
  readonly #connections = new Map<string, { last: number; readonly keys: Set<string> }>();

  /** Expects only numbers above `since`, in order on each connection. */
  constructor(since: number, connectionOf: (key: string) => string, complain: (what: string) => void) {
    this.#since = since;
    this.#connectionOf = connectionOf;
    this.#complain = complain;
  }

  expect(number: number, key: string): void {
    this.#due.set(`${String(number)} ${key}`, number);
  }

  receive(number: number, key: string): void {
    if (number <= this.#since)
      this.#complain(`${key}: ${String(number)} was published before the consumer subscribed`);
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
      this.#complain(`${entry} is missing before ${String(number)} without a gap`);
      this.#due.delete(entry);
    }
  }

  /** Cancels the expected messages that a gap covers. */
  cancelWhere(key: string, isCovered: (number: number) => boolean): void {
    for (const [entry, due] of this.#due)
      if (entry === `${String(due)} ${key}` && isCovered(due)) this.#due.delete(entry);
  }

  cancel(number: number, key: string): void {
    this.#due.delete(`${String(number)} ${key}`);
  }

  /** Cancels the expected messages after `number`, of one key or of all. */
  cancelAfter(number: number, key?: string): void {
    for (const [entry, due] of this.#due) {
      if (due > number && (key === undefined || entry === `${String(due)} ${key}`)) this.#due.delete(entry);
    }
  }

  /** Reports each message up to `number` that has not arrived. */
  check(number: number): void {
    for (const [entry, due] of this.#due) {
      if (due > number) continue;
      this.#complain(`${entry} is missing`);
      this.#due.delete(entry);
    }
  }
}
