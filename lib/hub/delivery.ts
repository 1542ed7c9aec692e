import { transition } from '../outbox.js';
import { byteSizeAtMost } from '../queue/byte-size.js';
import { Ring } from '../queue/ring.js';
import { reportUnhandled } from '../report-unhandled.js';
import type { Deliver } from './client-listeners.js';
import type { LastHeard } from './last-heard.js';
import type { RedisSubscription } from './redis-subscription.js';

interface HeldMessage {
  readonly subscription: RedisSubscription;
  readonly data: string | Buffer;
  readonly channel: string;
  readonly binary: boolean;
  readonly rawChannel: Buffer | undefined;
}

/** The part of the hub that the delivery needs. */
export interface DeliveryHost {
  readonly outages: {
    /** True from the beginning of an outage until its gap is announced. */
    readonly isRunning: boolean;
    /** Announces the gap now, because more messages are held for it than the limit allows. */
    split(): void;
  };
}

/** The largest number of messages, and of their bytes, that wait for the gap of an outage. */
const MOST_HELD = 16_384;
const MOST_BYTES_HELD = 16 * 1024 * 1024;

/**
 * The order of one client's messages. A message waits while an earlier one is being delivered, and during an outage until
 * the gap is announced.
 */
export class Delivery {
  readonly #host: DeliveryHost;
  readonly #heard: LastHeard;
  readonly #waiting = new Ring<HeldMessage>();
  #waitingBytes = 0;
  #state: 'free' | 'delivering' | 'holding' = 'free';

  constructor(host: DeliveryHost, heard: LastHeard) {
    this.#host = host;
    this.#heard = heard;
  }

  get isDelivering(): boolean {
    return this.#state === 'delivering';
  }

  /** The number of messages that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Returns whether a message of the subscription waits. */
  holds(subscription: RedisSubscription | undefined): boolean {
    for (let index = 0; index < this.#waiting.length; index++)
      if (this.#waiting.at(index)?.subscription === subscription) return true;
    return false;
  }

  /** Hands a message that arrives now to the listeners of its subscription, or holds it until its turn. */
  readonly deliver: Deliver = (subscription, data, channel, binary, rawChannel) => {
    // Most messages take the fast path: its stream keeps the order by itself, so nothing has to be held.
    if (!binary && this.#state === 'free') {
      if (!this.#heard.isFresh && subscription.counts(binary)) this.#heard.noteMessage();
      try {
        if (subscription.deliverByFastPath(data, channel)) return;
      } catch (error) {
        return reportUnhandled(error);
      }
    }
    this.#deliverInTurn({ subscription, data, channel, binary, rawChannel });
  };

  /** Holds messages from now on, because an outage has begun. */
  hold(): void {
    if (this.#state === 'free') this.#state = 'holding';
  }

  /** Delivers the messages that wait, the first `held` of them even if the next outage has begun. */
  release(held: number): void {
    this.#flush(held);
    this.#flush();
  }

  #deliverInTurn(message: HeldMessage): void {
    const { subscription, binary } = message;
    if (!subscription.counts(binary)) return;
    this.#heard.noteMessage();
    if (!subscription.isConfirmed) transition(() => subscription.noteArrival());
    if (this.#state !== 'free') return this.#hold(message);
    this.#run(message);
    if (this.#waiting.length > 0) this.#flush();
  }

  #run({ subscription, data, channel, binary, rawChannel }: HeldMessage): void {
    this.#state = 'delivering';
    try {
      subscription.deliver(data, channel, binary, rawChannel);
    } catch (error) {
      reportUnhandled(error);
    }
    this.#state = this.#host.outages.isRunning || this.#waiting.length > 0 ? 'holding' : 'free';
  }

  #hold(message: HeldMessage): void {
    this.#waiting.push(message);
    this.#waitingBytes += byteSizeAtMost(message);
    const isTooMuch = this.#waiting.length > MOST_HELD || this.#waitingBytes > MOST_BYTES_HELD;
    if (isTooMuch && this.#state === 'holding' && this.#host.outages.isRunning) this.#host.outages.split();
  }

  #flush(most = Infinity): void {
    for (let count = 0; count < most && this.#state !== 'delivering'; count++) {
      if (this.#host.outages.isRunning && most === Infinity) break;
      const next = this.#waiting.shift();
      if (!next) break;
      this.#waitingBytes -= byteSizeAtMost(next);
      this.#run(next);
    }
    if (this.#state === 'holding' && !this.#host.outages.isRunning && this.#waiting.length === 0)
      this.#state = 'free';
  }
}
