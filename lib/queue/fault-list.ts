import type { Loss } from '../errors/errors.js';

/**
 * A function that merges two errors at one place, or returns undefined if both have to be reported. `later` is the second
 * error, with all errors already merged into it.
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
 * The errors at one place of a queue, in the order in which each kind first came: errors that can be joined are joined,
 * whatever stands between them. The list is a linked one, because taking the first of many errors has to cost the same as
 * taking the first of two.
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

  /** Counts a lost value; `create` makes the error for the first one. */
  lose(loss: Omit<Loss, 'dropped'>, create: () => (loss: Loss) => Error): void {
    if (this.#loss) this.#loss.loss.dropped++;
    else this.#appendLoss({ dropped: 1, ...loss }, create());
  }

  /** Takes over the errors of the place behind this one, because the two places have become one. */
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
