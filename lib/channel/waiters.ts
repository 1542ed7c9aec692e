/** The waiters for one event, in the order of their arrival. */
export class Waiters<W> {
  #waiting = new Set<W>();

  add(waiter: W): void {
    this.#waiting.add(waiter);
  }

  remove(waiter: W): void {
    this.#waiting.delete(waiter);
  }

  /** Empties the list, then passes each waiter that was in it to the callback. */
  settle(callBack: (waiter: W) => void): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const waiter of waiting) callBack(waiter);
  }
}
