/** Waiters for one thing to happen, in the order in which they came. */
export class Waiters<W> {
  #waiting: W[] = [];

  add(waiter: W): void {
    this.#waiting.push(waiter);
  }

  /** Empties the list, and then calls back each waiter that was in it. */
  settle(callBack: (waiter: W) => void): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) callBack(waiter);
  }
}
