import type { SchedulerLike } from 'rxjs';

/** One command on its way to Redis and back. */
export interface Request {
  /** Redis executes it; returns its refusal. */
  execute(): Error | undefined;
  /** Its reply has reached the client. */
  onReply(refusal: Error | undefined): void;
  /** Its promise settles. */
  settle(error: Error | undefined): void;
}

/** Where what is on the way to the client gets its place. */
export interface Inbox {
  /** Done in its turn, unless the connection dies before. */
  receive(work: () => void): void;
  /** Done in its turn. */
  post(work: () => void): void;
  run(): void;
}

/**
 * When Redis executes a request and acknowledges it: at once, when the test lets it, or so many milliseconds after it was
 * sent.
 */
export type AcknowledgeMode = 'immediate' | 'withheld' | number;

interface Entry {
  readonly request: Request;
  isExecuted: boolean;
}

/** The requests that were sent and are not acknowledged yet, in order. */
export class RequestLine {
  readonly #inbox: Inbox;
  readonly #delay: number;
  readonly #scheduler: SchedulerLike;
  #isWithheld: boolean;
  #entries: Entry[] = [];

  constructor(mode: AcknowledgeMode, scheduler: SchedulerLike, inbox: Inbox) {
    this.#isWithheld = mode === 'withheld';
    this.#delay = typeof mode === 'number' ? mode : 0;
    this.#scheduler = scheduler;
    this.#inbox = inbox;
  }

  send(request: Request): void {
    const entry = { request, isExecuted: false };
    this.#entries.push(entry);
    if (this.#isWithheld) return;
    if (this.#delay === 0) this.#reply([entry]);
    else {
      this.#scheduler.schedule(() => {
        if (!this.#isWithheld) this.#reply([entry]);
      }, this.#delay);
    }
  }

  withhold(): void {
    this.#isWithheld = true;
  }

  /** What `beforeSettled` does happens after the replies, and before their promises settle. */
  release(beforeSettled?: () => void): void {
    this.#isWithheld = false;
    this.#reply([...this.#entries], beforeSettled);
  }

  /** Releases the oldest alone, and goes on withholding; false if there is none. */
  releaseNext(beforeSettled?: () => void): boolean {
    const next = this.#entries.find(({ isExecuted }) => !isExecuted);
    if (next) this.#reply([next], beforeSettled);
    return next !== undefined;
  }

  /** Takes back what is not acknowledged. */
  recall(): Request[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries.map(({ request }) => request);
  }

  #reply(entries: readonly Entry[], beforeSettled?: () => void): void {
    const replies = entries
      .filter((entry) => !entry.isExecuted && this.#entries.includes(entry))
      .map((entry) => {
        entry.isExecuted = true;
        return { entry, refusal: entry.request.execute() };
      });
    let arrived: typeof replies = [];
    this.#inbox.receive(() => {
      arrived = replies.filter(({ entry }) => this.#entries.includes(entry));
      this.#entries = this.#entries.filter((entry) => !arrived.some((reply) => reply.entry === entry));
      for (const { entry, refusal } of arrived) entry.request.onReply(refusal);
    });
    beforeSettled?.();
    this.#inbox.post(() => {
      for (const { entry, refusal } of arrived) entry.request.settle(refusal);
    });
    this.#inbox.run();
  }
}
