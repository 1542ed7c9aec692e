import { retry } from 'rxjs';
import { type Channel, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const TARGETS = ['a', 'b', 'c'] as const;
/** A pattern that Redis may refuse: the client then has to resubscribe all names one by one. */
const REFUSABLE_PATTERN = 'c*';

export type Target = (typeof TARGETS)[number];
export type Step =
  | { readonly publish: Target }
  | { readonly do: 'disconnect' | 'reconnect' | 'failToReconnect' | 'withhold' | 'acknowledgeNext' }
  | { readonly do: 'acknowledge' | 'revoke' | 'permit' };

/** A Receiver on two channels and a pattern, with the order of received numbers and reported losses for each. */
export class NumberedListener {
  readonly #client = new MemoryPubSub();
  readonly #receiver = new Receiver(this.#client);
  readonly #entries = new Map<Channel, (number | 'report')[]>();
  readonly #sent = new Map<string, number>(TARGETS.map((target) => [target, 0]));
  #outages = 0;
  #gaps = 0;

  constructor() {
    const receiver = this.#receiver;
    for (const channel of [receiver.channel('a'), receiver.channel('b'), receiver.pattern(REFUSABLE_PATTERN)])
      this.#entries.set(channel, []);
    receiver.events.subscribe((event) => {
      if (event.type === 'disconnected') this.#outages++;
      else if (event.type === 'channel-error') this.#addReport(event.source);
      else if (event.type === 'gap') {
        this.#gaps++;
        for (const channel of event.gap.channels) this.#addReport(channel);
      }
    });
    receiver.pipe(retry()).subscribe(({ source, data }) => this.#entries.get(source)!.push(Number(data)));
  }

  apply(step: Step): void {
    const client = this.#client;
    if ('publish' in step) this.#publish(step.publish);
    else if (step.do === 'revoke') client.forbidden.add(REFUSABLE_PATTERN);
    else if (step.do === 'permit') client.forbidden.clear();
    else client[step.do]();
  }

  /** Ends all faults, and publishes a last message on each channel. */
  async recover(): Promise<void> {
    this.#client.forbidden.clear();
    this.#client.acknowledge();
    this.#client.reconnect();
    await this.#receiver.connect();
    for (const target of TARGETS) this.#publish(target);
  }

  /**
   * Returns the faults: a number that arrives twice or out of order; a missing number without a report in its place;
   * more gaps than outages.
   */
  faults(): string[] {
    const ofChannels = [...this.#entries].flatMap(([{ name }, entries]) => {
      const faults: string[] = [];
      let last = 0;
      let isReported = false;
      for (const entry of [...entries, this.#sent.get(name.replace('*', ''))! + 1]) {
        if (entry === 'report') {
          isReported = true;
          continue;
        }
        if (entry <= last) faults.push(`${name}: ${entry} after ${last}`);
        if (entry > last + 1 && !isReported) faults.push(`${name}: no report between ${last} and ${entry}`);
        last = entry;
        isReported = false;
      }
      return faults;
    });
    if (this.#gaps > this.#outages) ofChannels.push(`${this.#gaps} gaps of ${this.#outages} outages`);
    return ofChannels;
  }

  #publish(target: Target): void {
    const number = this.#sent.get(target)! + 1;
    this.#sent.set(target, number);
    this.#client.publish(target, String(number));
  }

  #addReport(channel: unknown): void {
    this.#entries.get(channel as Channel)!.push('report');
  }
}
