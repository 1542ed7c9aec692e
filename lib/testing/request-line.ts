import type { SchedulerLike } from 'rxjs';

/** Command on its way to Redis and back. */
export interface Request {
  /**
   * Executes the command in Redis. Returns the error of a refusal, or `'blocked'` for a command that waits: `resume` then ends
   * the wait, with the error if there is one.
   */
  execute(resume: (refusal?: Error) => void): Error | 'blocked' | undefined;
  /** Handles the reply when it has reached the client. */
  onReply(refusal: Error | undefined): void;
  /** Ends the wait of a blocked command whose connection is lost. */
  cancel?(): void;
  /** Settles the promise of the request. */
  settle(error: Error | undefined): void;
}

/** Line of the work on its way to the client, in order. */
export interface Inbox {
  /** Does the work in its turn, unless the connection is closed before. */
  receive(work: () => void): void;
  /** Does the work in its turn. */
  post(work: () => void): void;
  run(): void;
}

/**
 * Time at which Redis executes a request and acknowledges it: at once, when the test allows it, or so many milliseconds
 * after the request was sent.
 */
export type AcknowledgeMode = 'immediate' | 'withheld' | number;

interface Entry {
  readonly request: Request;
  /** A due request waits for its execution only behind a blocked one. */
  state: 'sent' | 'due' | 'blocked' | 'executed';
}

interface Executed {
  readonly entry: Entry;
  readonly refusal: Error | undefined;
}

/** Requests that were sent and are not acknowledged yet, in order. */
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

  /** True if Redis executes and acknowledges a request in the same tick. */
  get isImmediate(): boolean {
    return !this.#isWithheld && this.#delay === 0 && !this.#isBlocked;
  }

  send(request: Request): void {
    const entry: Entry = { request, state: 'sent' };
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

  /**
   * Executes and acknowledges all requests, and stops withholding. Messages that `beforeSettled` publishes arrive after the
   * replies, and before the promises settle.
   */
  release(beforeSettled?: () => void): void {
    this.#isWithheld = false;
    this.#reply([...this.#entries], beforeSettled);
  }

  /**
   * Executes and acknowledges the oldest request alone, and leaves the others as they are. Returns false if there is none.
   */
  releaseNext(beforeSettled?: () => void): boolean {
    const next = this.#entries.find(({ state }) => state === 'sent');
    if (next) this.#reply([next], beforeSettled);
    return next !== undefined;
  }

  /** Takes back the requests that are not acknowledged. */
  recall(): Request[] {
    const entries = this.#entries;
    this.#entries = [];
    for (const { request } of entries) request.cancel?.();
    return entries.map(({ request }) => request);
  }

  get #isBlocked(): boolean {
    return this.#entries.some(({ state }) => state === 'blocked');
  }

  #reply(entries: readonly Entry[], beforeSettled?: () => void): void {
    for (const entry of entries) if (entry.state === 'sent') entry.state = 'due';
    this.#send(this.#executeDue(), beforeSettled);
  }

  /** Executes the due requests until one blocks the connection. */
  #executeDue(): Executed[] {
    const executed: Executed[] = [];
    for (const entry of [...this.#entries]) {
      if (this.#isBlocked) break;
      if (entry.state !== 'due' || !this.#entries.includes(entry)) continue;
      entry.state = 'executed';
      const outcome = entry.request.execute((refusal) => this.#resume(entry, refusal));
      if (outcome === 'blocked') entry.state = 'blocked';
      else executed.push({ entry, refusal: outcome });
    }
    return executed;
  }

  #resume(entry: Entry, refusal: Error | undefined): void {
    if (entry.state !== 'blocked' || !this.#entries.includes(entry)) return;
    entry.state = 'executed';
    this.#send([{ entry, refusal }, ...this.#executeDue()]);
  }

  #send(replies: readonly Executed[], beforeSettled?: () => void): void {
    let arrived: readonly Executed[] = [];
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
