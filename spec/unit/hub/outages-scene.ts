import type { Delivery } from '../../../lib/hub/delivery.js';
import type { HubListener } from '../../../lib/hub/hub-listener.js';
import { Outages } from '../../../lib/hub/outages.js';
import type { PubSubHub, Watcher } from '../../../lib/hub/pub-sub-hub.js';
import { Watchers } from '../../../lib/hub/watchers.js';
import { transition } from '../../../lib/outbox.js';
import { consumerWith } from '../../support/consumer-with.js';

/**
 * The outages of a client with two watchers, x and y, and a delivery that only writes down; needs Jest's fake timers. A script
 * is a list of steps, each a transition; `begin 5 a b` is an outage of a and b that began at the time 5, and `when told do
 * look` has a step happen inside the first call of a watcher.
 */
export class OutagesScene {
  /** `x 5-9 a b` is the call of the watcher x about an outage of a and b from 5 to 9. */
  readonly log: string[] = [];
  readonly outages: Outages;
  readonly #client = { isOnline: true };
  readonly #delivery = {
    waiting: 0,
    hold: () => void this.log.push('hold'),
    release: (held: number) => {
      this.log.push(`release ${held}`);
      this.#react('released');
    },
  };
  readonly #listeners = new Map<string, HubListener>();
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];

  constructor() {
    const watchers = new Watchers(() => undefined);
    for (const name of ['x', 'y']) watchers.add(this.#watcher(name), {} as PubSubHub);
    this.outages = new Outages(this.#client, watchers, this.#delivery as unknown as Delivery);
    jest.setSystemTime(9);
  }

  /** The state as far as it shows: the beginning of the current outage, and the listeners that it affects. */
  get state(): string {
    const { isRunning, since } = this.outages;
    if (isRunning !== (since !== undefined)) throw new Error('an outage without a beginning');
    const affected = [...this.#listeners].filter(([, listener]) => this.outages.affects(listener));
    return [...(since === undefined ? [] : [since]), ...affected.map(([name]) => name)].join(' ');
  }

  run(steps: readonly string[]): this {
    for (const step of steps) transition(() => this.#do(step));
    return this;
  }

  #do(step: string): void {
    const { outages } = this;
    const [, cause, reaction] = /^when (told|released) do (.+)$/.exec(step) ?? [];
    if (cause && reaction) return void this.#reactions.push({ cause, step: reaction });
    if (step.startsWith('resume ')) return outages.resume(() => this.run(step.slice(7).split(' and ')));
    const handler = this.#events[step];
    if (handler) return handler();
    const [first, second, ...rest] = step.split(' ') as [string, string, ...string[]];
    if (first === 'begin') outages.begin(Number(second), this.#all(rest));
    else if (first === 'leave') outages.leave(this.#all([second, ...rest]));
    else if (first === 'widen') outages.widen(Number(second));
    else if (first === 'time') jest.setSystemTime(Number(second));
    else if (second === 'waiting') this.#delivery.waiting = Number(first);
    else outages.checkOff(this.#listener(first), second as 'served' | 'gone');
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    online: () => (this.#client.isOnline = true),
    offline: () => (this.#client.isOnline = false),
    check: () => this.outages.endIfOver(),
    split: () => this.outages.split(),
    'client ends': () => this.outages.endWithClient(),
    throw: () => {
      throw new Error('oh');
    },
    look: () => void this.log.push(`now ${this.state || 'none'}`),
  };

  #react(cause: string): void {
    const due = this.#reactions.filter((reaction) => reaction.cause === cause);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    this.run(due.map(({ step }) => step));
  }

  #all(names: readonly string[]): HubListener[] {
    return names.map((name) => this.#listener(name));
  }

  #listener(name: string): HubListener {
    const listener = this.#listeners.get(name) ?? consumerWith({});
    this.#listeners.set(name, listener);
    return listener;
  }

  #watcher(name: string): Watcher {
    return {
      heartbeat: 0,
      onDisconnected: () => undefined,
      onReconnected: (since, until, affected) => {
        const names = [...this.#listeners].flatMap(([key, other]) => (affected.has(other) ? [key] : []));
        this.log.push(`${name} ${since}-${until} ${names.join(' ')}`);
        this.#react('told');
      },
      onClientEnded: () => undefined,
    };
  }
}
