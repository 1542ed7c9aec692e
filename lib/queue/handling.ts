import { deliverFrom, type Flow } from './flow.js';

/**
 * How the handling of a message has ended: `'returned'`: nobody has begun to handle the message. `'abandoned'`: nobody handles the
 * message any more, and nobody knows whether it has been handled.
 */
export type Outcome = 'handled' | 'returned' | 'abandoned' | 'failed';

/** The outcomes from the best to the worst. */
const OUTCOMES: readonly Outcome[] = ['handled', 'returned', 'abandoned', 'failed'];

let current: Handling | undefined;

/** The handling of the message that is being delivered, if the message is to be acknowledged. */
export function currentHandling(): Handling | undefined {
  return current;
}

function enter(handling: Handling | undefined): Handling | undefined {
  const outer = current;
  current = handling;
  return outer;
}

/**
 * The handling of one message that is to be acknowledged. The delivery takes part in it, and so does everybody who keeps the
 * message beyond its delivery: a queue, an operator, a loop. The handling is over when all of them have ended their parts, with
 * the worst of their outcomes.
 */
export class Handling {
  readonly #onOver: (outcome: Outcome) => void;
  #parts = 0;
  #worst: Outcome = 'handled';
  #isKept = false;
  #isOver = false;

  constructor(onOver: (outcome: Outcome) => void) {
    this.#onOver = onOver;
  }

  /** Delivers the message: operators behind the delivery, also behind other synchronous operators, can take part. */
  deliver(deliver: () => void): void {
    this.begin();
    const outer = enter(this);
    this.#isKept = false;
    try {
      deliver();
    } finally {
      current = outer;
      this.end('handled');
    }
  }

  /** Takes part in the handling; a call of `end` has to follow. */
  begin(): this {
    this.#parts++;
    this.#isKept = true;
    return this;
  }

  end(outcome: Outcome): void {
    this.#parts--;
    if (OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(this.#worst)) this.#worst = outcome;
    if (this.#parts === 0) this.settle(this.#worst);
  }

  /** Called when an observer has left during the delivery: if nobody has kept the message, nobody has handled it. */
  onLeft(): void {
    if (!this.#isKept && this.#worst === 'handled') this.#worst = 'abandoned';
  }

  /** Ends the handling, whoever takes part in it. */
  settle(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(outcome);
  }
}

const handlings = new WeakMap<() => void, Handling>();

/** The functions of a message that is to be acknowledged. */
export interface Acknowledgement {
  readonly ack: () => void;
  readonly nack: () => void;
}

/** Returns the functions of a message that end its handling. They are the only link from the message to the handling. */
export function acknowledgementOf(handling: Handling): Acknowledgement {
  const ack = () => handling.settle('handled');
  handlings.set(ack, handling);
  return { ack, nack: () => handling.settle('failed') };
}

/** Returns the handling of a message, also of a copy of it; undefined if the message is not to be acknowledged. */
export function handlingOf(message: object): Handling | undefined {
  const { ack } = message as Partial<Acknowledgement>;
  return ack && handlings.get(ack);
}

/** Takes part in the handling of a message that is to wait. Whoever takes the message takes over this part. */
export function kept<M extends object>(message: M): M {
  handlingOf(message)?.begin();
  return message;
}

/** Delivers a message that has waited, inside its flow and its handling, and ends the part of the queue in the handling. */
export function deliverWaiting(
  handling: Handling | undefined,
  flow: Flow | undefined,
  deliver: () => void,
): void {
  const outer = enter(undefined);
  const deliverWithFlow = flow ? () => deliverFrom(flow, deliver) : deliver;
  try {
    if (handling) handling.deliver(deliverWithFlow);
    else deliverWithFlow();
  } finally {
    current = outer;
    handling?.end('handled');
  }
}

/** Abandons the message that is being delivered: it is lost, because there is no room for it. */
export function abandonCurrent(): void {
  current?.begin().end('abandoned');
}
