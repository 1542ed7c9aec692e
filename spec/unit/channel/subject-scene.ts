import { Observable, type Subscription } from 'rxjs';
import type { Message } from '../../../lib/channel.js';
import { BufferedSubject } from '../../../lib/channel/buffered-subject.js';
import type { BufferedSubjectHost } from '../../../lib/channel/buffered-subject-host.js';
import type { RawMessage } from '../../../lib/channel/raw-message.js';
import { BoundedQueue } from '../../../lib/queue/bounded-queue.js';

const BOUNDS = { capacity: 1_000, maxBytes: 1_000_000, overflow: 'error' } as const;

/** How messages come: `plain` ones are in the observers' form already, and `encoded` ones go through the codec. */
export type Form = 'plain' | 'encoded';

/**
 * A subject whose host only writes down. A script is a list of steps; `when 1 do a leaves` has a step happen inside the
 * callback of an observer that gets 1, and `decoding 1 do a leaves` inside the codec.
 */
export class SubjectScene {
  /** What the observers get: `a1` is the message 1 for a, `a!E` the error E, and `a.` the completion. */
  readonly received: string[] = [];
  /** The calls of the host, in order. */
  readonly calls: string[] = [];
  readonly counts = { delivered: 0 };
  readonly subject: BufferedSubject<string>;
  readonly #form: Form;
  readonly #observers = new Map<string, Subscription>();
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];
  #takesOffers = false;

  constructor(form: Form = 'plain') {
    this.#form = form;
    this.subject = new BufferedSubject(this.#host(), () => new BoundedQueue<RawMessage>({ bounds: BOUNDS }));
  }

  run(steps: readonly string[]): this {
    for (const step of steps) this.#do(step);
    return this;
  }

  /** Takes everything that waits: messages, and errors as `!E`. */
  takeRest(): string {
    const rest: string[] = [];
    while (!this.subject.isEmpty) rest.push(this.#take());
    return rest.join(' ');
  }

  #do(step: string): void {
    const [, kind, cause, reaction] = /^(when|decoding) (\S+) do (.+)$/.exec(step) ?? [];
    if (reaction) return void this.#reactions.push({ cause: `${kind} ${cause}`, step: reaction });
    const [first, second = '', third = ''] = step.split(' ') as [string, string?, string?];
    if (second === 'joins') this.#join(first);
    else if (second === 'leaves') this.#observers.get(first)!.unsubscribe();
    else if (first === 'push') this.subject.push(raw(second), this.#form === 'plain');
    else if (first === 'place') this.subject.place(new Error(second));
    else if (first === 'dismiss') this.subject.dismiss(new Error(second));
    else if (first === 'end')
      this.subject.end(second as 'now' | 'behind', third ? new Error(third) : undefined);
    else if (first === 'take') this.calls.push(`took ${this.#take()}`);
    else if (first === 'offers') this.#takesOffers = true;
    else throw new Error(`unknown step: ${step}`);
  }

  #join(name: string): void {
    const source = new Observable<Message>((subscriber) => {
      this.#observers.set(name, subscriber);
      this.subject.observe(subscriber);
    });
    source.subscribe({
      next: ({ data }) => this.#record(`${name}${data}`, `when ${data}`),
      error: ({ message }: Error) => this.#record(`${name}!${message}`, `when ${message}`),
      complete: () => this.#record(`${name}.`, 'when end'),
    });
  }

  #record(entry: string, cause: string): void {
    this.received.push(entry);
    this.#react(cause);
  }

  #react(cause: string): void {
    const due = this.#reactions.filter((reaction) => reaction.cause === cause);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    this.run(due.map(({ step }) => step));
  }

  #take(): string {
    try {
      const message = this.subject.take(decode);
      return message ? message.data : 'nothing';
    } catch (error) {
      return `!${(error as Error).message}`;
    }
  }

  #host(): BufferedSubjectHost<string> {
    const call = (entry: string) => () => void this.calls.push(entry);
    return {
      counts: this.counts,
      bounds: { capacity: 100, maxBytes: 1_000, overflow: 'error' },
      decode: (message) => {
        this.#react(`decoding ${message.data.toString()}`);
        return decode(message);
      },
      onUndecodable: ({ message }) => void this.calls.push(`undecodable ${message}`),
      onTaken: call('taken'),
      onWaiting: call('waiting'),
      onObserved: call('observed'),
      onDeserted: call('deserted'),
      onLeft: call('left'),
      offer: ({ data }) => {
        if (this.#takesOffers) this.calls.push(`offered ${data.toString()}`);
        return this.#takesOffers;
      },
    };
  }
}

export function raw(data: string): RawMessage {
  return { source: {} as RawMessage['source'], channel: 'news', data };
}

function decode(message: RawMessage): Message {
  if (message.data === 'bad') throw new Error('bad');
  return message as Message<unknown> as Message;
}
