import { Audience, type AudienceMode } from '../../../lib/hub/audience.js';
import type { FastPath, HubListener } from '../../../lib/hub/hub-listener.js';
import { consumerWith } from '../../support/consumer-with.js';

type Raw = Parameters<FastPath['stream']['accept']>[0];

interface FakeListener extends HubListener {
  fastPath: FastPath | undefined;
}

/**
 * An audience of listeners that only write down. `bytes` wants Buffers, the others want texts. `plain` has no fast path, and
 * the stream of `coded` has to decode. A script is a list of steps; `when a x do b joins` has a step happen inside the call
 * that is written down as `a x`.
 */
export class AudienceScene {
  /** The calls of the listeners, in order: `a x` is the message x for a, and `a's stream x` comes by the fast path. */
  readonly log: string[] = [];
  /** The messages that have come by the fast path, as the stream gets them. */
  readonly accepted: [Raw, boolean][] = [];
  readonly audience: Audience;
  readonly #listeners = new Map<string, FakeListener>();
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];

  constructor(pattern?: string) {
    this.audience = new Audience(pattern);
  }

  run(steps: readonly string[]): this {
    for (const step of steps) this.#do(step);
    return this;
  }

  listener(name: string): FakeListener {
    const listener = this.#listeners.get(name) ?? this.#create(name);
    this.#listeners.set(name, listener);
    return listener;
  }

  names(listeners: readonly HubListener[]): string {
    const all = [...this.#listeners];
    return listeners.map((listener) => all.find(([, other]) => other === listener)![0]).join(' ');
  }

  /** Returns the listeners that a message in this mode reaches, in order. */
  hearing(binary: boolean): string {
    const before = this.log.length;
    this.audience.deliver(binary ? Buffer.from('x') : 'x', 'news', binary, undefined);
    return this.log
      .splice(before)
      .map((entry) => entry.replace(' x', ''))
      .join(' ');
  }

  /** Returns the listener whose stream a text reaches by the fast path, and whether the stream has to decode it. */
  fastPath(): string {
    if (!this.audience.deliverByFastPath('x', 'news')) return '';
    const [, isDecoded] = this.accepted.pop()!;
    return `${this.log.pop()!.replace("'s stream x", '')}${isDecoded ? '' : ', decodes'}`;
  }

  #do(step: string): void {
    const [, cause, reaction] = /^when (.+) do (.+)$/.exec(step) ?? [];
    if (cause && reaction) return void this.#reactions.push({ cause, step: reaction });
    const { audience } = this;
    const [first, second = '', third] = step.split(' ') as [string, string?, string?];
    if (first === 'mode') audience.mode = second as AudienceMode;
    else if (first === 'text') audience.deliver(second, 'news', false, undefined);
    else if (step === 'release') audience.release();
    else if (first === 'release') audience.releaseDrained(third ? this.listener(third) : undefined);
    else if (first === 'clear') this.#write(`returned ${this.names(audience.clear())}`.trim());
    else if (first === 'update') audience.updateFastPath();
    else this.#change(this.listener(first), second);
  }

  #change(listener: FakeListener, verb: string): void {
    const { audience } = this;
    if (verb === 'joins') audience.join(listener);
    else if (verb === 'slows') listener.fastPath = undefined;
    else {
      audience.remove(listener);
      if (verb === 'leaves') audience.keep(listener, 'leaving');
      if (verb === 'drains') audience.keep(listener, 'draining');
    }
  }

  #write(entry: string): void {
    this.log.push(entry);
    const due = this.#reactions.filter(({ cause }) => cause === entry);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    this.run(due.map(({ step }) => step));
  }

  #create(name: string): FakeListener {
    const accept = (raw: Raw, isDecoded: boolean) => {
      this.accepted.push([raw, isDecoded]);
      this.#write(`${name}'s stream ${raw.data.toString()}`);
    };
    const fastPath = { channel: { name }, isIdentity: name !== 'coded', stream: { accept } };
    return {
      ...consumerWith({
        binary: name === 'bytes',
        receive: (data) => this.#write(`${name} ${data.toString()}`),
        onReplaced: () => this.#write(`${name} replaced`),
        onReleased: () => this.#write(`${name} released`),
      }),
      fastPath: name === 'plain' ? undefined : fastPath,
    };
  }
}
