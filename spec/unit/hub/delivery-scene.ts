import { config } from 'rxjs';
import { Delivery } from '../../../lib/hub/delivery.js';
import { LastHeard } from '../../../lib/hub/last-heard.js';
import type { RedisSubscription } from '../../../lib/hub/redis-subscription.js';
import { tell } from '../../../lib/outbox.js';

/**
 * A delivery for two subscriptions, between outages and audiences that only write down; needs Jest's fake timers. A script is
 * a list of steps; `a 1` is the arrival of the message 1 for a, and `when a:1 do b 2` has a step happen inside the call that
 * is written down as `a:1`.
 */
export class DeliveryScene {
  /** `a:1` is the message 1 for a, `a>1` one by the fast path, and `a!` the first message before the acknowledgement. */
  readonly log: string[] = [];
  readonly delivered: unknown[][] = [];
  readonly heard = new LastHeard();
  readonly delivery: Delivery;
  readonly outages = { isRunning: false, split: () => this.#write('split') };
  readonly #subscriptions = {
    a: { name: 'a', hasFastPath: false, counts: true, isConfirmed: true },
    b: { name: 'b', hasFastPath: false, counts: true, isConfirmed: true },
  };
  readonly #made = new Map<string, RedisSubscription>();
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];

  constructor() {
    config.onUnhandledError = (error) => void this.log.push(`reported ${(error as Error).message}`);
    this.delivery = new Delivery({ outages: this.outages }, this.heard);
  }

  /** The state as far as it shows. */
  get state(): string {
    const { isDelivering, waiting } = this.delivery;
    return `${isDelivering ? 'delivering, ' : ''}${waiting} waiting`;
  }

  run(steps: readonly string[]): this {
    for (const step of steps) this.#do(step);
    return this;
  }

  subscription(name: string): RedisSubscription {
    const made = this.#made.get(name) ?? this.#create(name as 'a' | 'b');
    this.#made.set(name, made);
    return made;
  }

  #do(step: string): void {
    const [, cause, reaction] = /^when (\S+) do (.+)$/.exec(step) ?? [];
    if (cause && reaction) return void this.#reactions.push({ cause, step: reaction });
    const handler = this.#events[step];
    if (handler) return handler();
    const [first, second = '', third] = step.split(' ') as [string, string?, string?];
    if (second === 'come') return this.#flood(Number(first));
    const subscription = this.#subscriptions[first as 'a' | 'b'];
    if (first === 'release') this.delivery.release(Number(second));
    else if (second === 'takes') subscription.hasFastPath = true;
    else if (second === 'ignores') subscription.counts = false;
    else if (second === 'is') subscription.isConfirmed = false;
    else this.delivery.deliver(this.subscription(first), second, first, third === 'buffer');
  }

  #flood(messages: number): void {
    for (let count = 0; count < messages; count++)
      this.delivery.deliver(this.subscription('a'), 'x', 'news', false);
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    'an outage begins': () => {
      this.outages.isRunning = true;
      this.delivery.hold();
    },
    'it ends': () => (this.outages.isRunning = false),
    look: () => this.#write(this.state),
    throw: () => {
      throw new Error('oh');
    },
    'time passes': () => jest.advanceTimersByTime(1_000),
  };

  #create(name: 'a' | 'b'): RedisSubscription {
    const state = this.#subscriptions[name];
    const subscription = {
      deliverByFastPath: (data: string) => {
        if (state.hasFastPath) this.#write(`${name}>${data}`);
        return state.hasFastPath;
      },
      deliver: (...args: unknown[]) => {
        this.delivered.push(args);
        const [data] = args as [string | Buffer];
        this.#write(`${name}:${data.length > 1 ? '…' : data.toString()}`);
      },
      counts: () => state.counts,
      get isConfirmed() {
        return state.isConfirmed;
      },
      noteArrival: () => {
        tell(() => this.#write(`${name} told`));
        this.#write(`${name}!`);
        state.isConfirmed = true;
      },
    };
    return subscription as unknown as RedisSubscription;
  }

  #write(entry: string): void {
    this.log.push(entry);
    const due = this.#reactions.filter(({ cause }) => cause === entry);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    this.run(due.map(({ step }) => step));
  }
}
