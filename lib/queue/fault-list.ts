import type { Loss } from '../errors/errors.js';

/**
 * Merges two errors that stand at one place, or returns undefined where both have to be told. `later` is the second of
 * them, with all that has been merged into it already.
 */
export type Join = (earlier: Error, later: Error) => Error | undefined;

interface PlacedError {
  readonly is: 'error';
  error: Error;
  join: Join | undefined;
  next: Fault | undefined;
}

interface PlacedLoss {
  readonly is: 'loss';
  readonly loss: Loss;
  readonly toError: (loss: Loss) => Error;
  next: Fault | undefined;
}

type Fault = PlacedError | PlacedLoss;

/**
 * The errors at one place of a queue, in the order in which each kind came first: what can be joined is joined, whatever
 * stands between. A linked list, because taking the first of many has to cost the same as taking the first of two.
 */
export class FaultList {
  #first: Fault | undefined;
  #last: Fault | undefined;
  #loss: PlacedLoss | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  add(error: Error, join: Join | undefined): void {
    if (!join || !this.#join(error, join)) this.#append({ is: 'error', error, join, next: undefined });
  }

  /** Counts a lost value: `create` makes the error of the first one. */
  lose(loss: Omit<Loss, 'dropped'>, create: () => (loss: Loss) => Error): void {
    if (this.#loss) this.#loss.loss.dropped++;
    else this.#appendLoss({ dropped: 1, ...loss }, create());
  }

  /** Takes over what stands at the place behind this one, which is this one from now on. */
  absorb(behind: FaultList): void {
    for (let fault = behind.#first; fault; fault = fault.next) {
      if (fault.is === 'error') this.add(fault.error, fault.join);
      else if (this.#loss) this.#loss.loss.dropped += fault.loss.dropped;
      else this.#appendLoss(fault.loss, fault.toError);
    }
  }

  take(): Error | undefined {
    const fault = this.#first;
    if (!fault) return undefined;
    this.#first = fault.next;
    if (!this.#first) this.#last = undefined;
    if (fault.is === 'error') return fault.error;
    this.#loss = undefined;
    return fault.toError(fault.loss);
  }

  #join(error: Error, join: Join): boolean {
    for (let fault = this.#first; fault; fault = fault.next) {
      if (fault.is !== 'error') continue;
      const joined = join(fault.error, error);
      if (!joined) continue;
      fault.error = joined;
      fault.join = join;
      return true;
    }
    return false;
  }

  #appendLoss(loss: Loss, toError: (loss: Loss) => Error): void {
    this.#loss = { is: 'loss', loss, toError, next: undefined };
    this.#append(this.#loss);
  }

  #append(fault: Fault): void {
    if (this.#last) this.#last.next = fault;
    else this.#first = fault;
    this.#last = fault;
  }
}
