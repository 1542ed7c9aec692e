/**
 * A source that can wait. While somebody holds it, the source delivers no further message, and loses none: it reads them again
 * from where they are kept.
 */
export interface Flow {
  /** True if no policy of a buffer may lose a value of this source: it is held under each of them. */
  readonly isLossless?: boolean;
  /** Stops the source, after the value that it delivers now, until everyone who holds it has let go. */
  hold(holder: object): void;
  release(holder: object): void;
}

let current: Flow | undefined;

/** The source of the value that is being delivered, if it can wait. */
export function currentFlow(): Flow | undefined {
  return current;
}

/** Delivers a value of this source: operators behind it, also behind other synchronous operators, can hold the source. */
export function deliverFrom(flow: Flow, deliver: () => void): void {
  const outer = enterFlow(flow);
  try {
    deliver();
  } finally {
    leaveFlow(outer);
  }
}

/** Begins a delivery, as `deliverFrom` does, without a function for each; `leaveFlow` has to follow, with the result. */
export function enterFlow(flow: Flow): Flow | undefined {
  const outer = current;
  current = flow;
  return outer;
}

export function leaveFlow(outer: Flow | undefined): void {
  current = outer;
}

/** A flow that knows who holds it. */
export class HoldableFlow implements Flow {
  readonly isLossless: boolean;
  readonly #holders = new Set<object>();
  readonly #onReleased: () => void;

  constructor(onReleased: () => void, isLossless = false) {
    this.isLossless = isLossless;
    this.#onReleased = onReleased;
  }

  get isHeld(): boolean {
    return this.#holders.size > 0;
  }

  hold(holder: object): void {
    this.#holders.add(holder);
  }

  release(holder: object): void {
    if (this.#holders.delete(holder) && !this.isHeld) this.#onReleased();
  }
}
