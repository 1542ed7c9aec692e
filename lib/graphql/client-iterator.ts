import { asyncScheduler, type Observable } from 'rxjs';
import type { Channel, Gap, ReceiverEvent } from '../index.js';
import {
  ArrivalOrder,
  BoundedIterator,
  OverflowEpisode,
  refusesWithError,
  WaitingLine,
  type Bounds,
} from '../internal.js';
import { Substitute, substituteFor, type Item, type OnGap } from './items-of.js';

export interface ClientIteratorOptions {
  readonly bounds: Bounds;
  readonly onGap: OnGap;
  readonly payloadOf: (item: Item) => unknown;
  readonly emit: (event: ReceiverEvent) => void;
}

/** Iterator of the payloads for one GraphQL client. */
export interface PayloadIterator<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  /** Unsubscribes, drops what waits, and answers the open pulls with `done`. */
  return(): Promise<IteratorResult<T>>;
  /** Does the same, and rejects with the error. */
  throw(error?: unknown): Promise<IteratorResult<T>>;
  /** Returns the iterator itself. */
  [Symbol.asyncIterator](): PayloadIterator<T>;
}

/** The messages that the queue of a client has dropped since its last pull. */
interface Loss {
  readonly since: number;
  readonly channels: Set<Channel<unknown>>;
  dropped: number;
}

/** Iterates the payloads for one GraphQL client, with a bounded queue of its own. */
export class ClientIterator<T> implements PayloadIterator<T> {
  readonly #options: ClientIteratorOptions;
  readonly #items: BoundedIterator<Item>;
  #loss: Loss | undefined;

  constructor(items: Observable<Item>, options: ClientIteratorOptions) {
    this.#options = options;
    const { bounds, emit } = options;
    const episode = new OverflowEpisode(bounds.overflow, emit);
    const onDrop = (item: Item) => {
      this.#drop(item);
      if (!(item instanceof Substitute)) episode.drop(item.source);
    };
    const line = new WaitingLine(new ArrivalOrder<Item>(), bounds, onDrop);
    const onTaken = () => {
      if (line.isRelaxed) episode.end();
    };
    this.#items = new BoundedIterator(items, line, { onTaken });
  }

  next(): Promise<IteratorResult<T>> {
    // Nothing is dropped while a pull waits: what was dropped stood before the next item.
    const gap = this.#takeGap();
    try {
      const payload = gap && substituteFor(gap, this.#options.onGap);
      if (payload !== undefined) return Promise.resolve({ done: false, value: payload as T });
    } catch (error) {
      return this.throw(error);
    }
    return this.#nextItem();
  }

  async return(): Promise<IteratorResult<T>> {
    this.#loss = undefined;
    await this.#items.return();
    return { done: true, value: undefined };
  }

  async throw(error?: unknown): Promise<never> {
    await this.return();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #nextItem(): Promise<IteratorResult<T>> {
    const { done, value } = (await this.#items.next()) as IteratorResult<Item, undefined>;
    if (done) return { done, value };
    return { done: false, value: this.#options.payloadOf(value) as T };
  }

  #drop(item: Item): void {
    // The error that ends the iteration reports the loss.
    if (refusesWithError(this.#options.bounds.overflow)) return;
    this.#loss ??= { since: asyncScheduler.now(), channels: new Set(), dropped: 0 };
    if (item instanceof Substitute) for (const channel of item.gap.channels) this.#loss.channels.add(channel);
    else {
      this.#loss.channels.add(item.source);
      this.#loss.dropped++;
    }
  }

  #takeGap(): Gap | undefined {
    if (!this.#loss) return undefined;
    const { since, channels, dropped } = this.#loss;
    this.#loss = undefined;
    return { cause: 'overflow', since, until: asyncScheduler.now(), channels: [...channels], dropped };
  }
}
