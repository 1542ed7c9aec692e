import { retry } from 'rxjs';
import { type Channel, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

const TARGETS = ['a', 'b', 'c'] as const;
/** A pattern that Redis may refuse: the client then has to resubscribe all names one by one. */
const FICKLE = 'c*';

export type Target = (typeof TARGETS)[number];
export type Happening =
  | { readonly publish: Target }
  | { readonly do: 'disconnect' | 'reconnect' | 'failToReconnect' | 'withhold' | 'acknowledgeNext' }
  | { readonly do: 'acknowledge' | 'revoke' | 'permit' };

/** A Receiver on two channels and a pattern, with the order of received numbers and reported losses for each. */
export class NumberedListener {
  readonly #client = new MemoryPubSub();
  readonly #receiver = new Receiver(this.#client);
  readonly #entries = new Map<Channel, (number | 'told')[]>();
  readonly #sent = new Map<string, number>(TARGETS.map((target) => [target, 0]));
  #outages = 0;
  #gaps = 0;

  constructor() {
    const receiver = this.#receiver;
    for (const channel of [receiver.channel('a'), receiver.channel('b'), receiver.pattern(FICKLE)])
      this.#entries.set(channel, []);
    receiver.events.subscribe((event) => {
      if (event.type === 'disconnected') this.#outages++;
      else if (event.type === 'channel-error') this.#tell(event.source);
      else if (event.type === 'gap') {
        this.#gaps++;
        for (const channel of event.gap.channels) this.#tell(channel);
      }
    });
    receiver.pipe(retry()).subscribe(({ source, data }) => this.#entries.get(source)!.push(Number(data)));
  }

  meet(happening: Happening): void {
    const client = this.#client;
    if ('publish' in happening) this.#publish(happening.publish);
    else if (happening.do === 'revoke') client.forbidden.add(FICKLE);
    else if (happening.do === 'permit') client.forbidden.clear();
    else client[happening.do]();
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
  complaints(): string[] {
    const ofChannels = [...this.#entries].flatMap(([{ name }, entries]) => {
      const complaints: string[] = [];
      let last = 0;
      let isTold = false;
      for (const entry of [...entries, this.#sent.get(name.replace('*', ''))! + 1]) {
        if (entry === 'told') {
          isTold = true;
          continue;
        }
        if (entry <= last) complaints.push(`${name}: ${entry} after ${last}`);
        if (entry > last + 1 && !isTold)
          complaints.push(`${name}: nothing told between ${last} and ${entry}`);
        last = entry;
        isTold = false;
      }
      return complaints;
    });
    if (this.#gaps > this.#outages) ofChannels.push(`${this.#gaps} gaps of ${this.#outages} outages`);
    return ofChannels;
  }

  #publish(target: Target): void {
    const number = this.#sent.get(target)! + 1;
    this.#sent.set(target, number);
    this.#client.publish(target, String(number));
  }

  #tell(channel: unknown): void {
    this.#entries.get(channel as Channel)!.push('told');
  }
}
