import { asyncScheduler, Subscription, type Observable } from 'rxjs';
import type { Channel, Gap, ReceiverEvent } from '../index.js';
import { BoundedQueue, OverflowEpisode, refusesWithError, Ring, toError, type Bounds } from '../internal.js';
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

interface Pull<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

/** Iterates the payloads for one GraphQL client, with a bounded queue of its own. There may be very many. */
export class ClientIterator<T> implements PayloadIterator<T> {
  readonly #options: ClientIteratorOptions;
  #items: Observable<Item> | undefined;
  /** Open pulls. While a pull waits, no item does. */
  readonly #pulls = new Ring<Pull<T>>();
  readonly #subscription = new Subscription();
  /** The items that wait, and the error behind them; created for the first one. */
  #queue: BoundedQueue<Item> | undefined;
  #episode: OverflowEpisode | undefined;
  #loss: Loss | undefined;

  constructor(items: Observable<Item>, options: ClientIteratorOptions) {
    this.#items = items;
    this.#options = options;
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
    if (this.#queue?.isEmpty === false) return this.#take(this.#queue);
    if (this.#subscription.closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      // Add the pull before the source runs, which may have an item at once.
      this.#pulls.push({ resolve, reject });
      this.#open();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#loss = undefined;
    this.#queue?.clear();
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
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

  #open(): void {
    const items = this.#items;
    if (!items) return;
    this.#items = undefined;
    const observer = {
      next: (item: Item) => this.#accept(item),
      error: (error: unknown) => this.#end(toError(error)),
      complete: () => this.#end(),
    };
    this.#subscription.add(items.subscribe(observer));
  }

  #accept(item: Item): void {
    const pull = this.#pulls.shift();
    if (pull) pull.resolve({ done: false, value: this.#options.payloadOf(item) as T });
    else this.#theQueue().push(item);
  }

  #take(queue: BoundedQueue<Item>): Promise<IteratorResult<T>> {
    const error = queue.takeError();
    if (error) return Promise.reject(error);
    const item = queue.shift() as Item;
    this.#endEpisode();
    return Promise.resolve({ done: false, value: this.#options.payloadOf(item) as T });
  }

  #theQueue(): BoundedQueue<Item> {
    const { bounds } = this.#options;
    return (this.#queue ??= new BoundedQueue<Item>({ bounds, onDrop: (item) => this.#drop(item) }));
  }

  #drop(item: Item): void {
    const { bounds, emit } = this.#options;
    const isEnd = refusesWithError(bounds.overflow);
    // At the end, the queue has an error in the place of the loss.
    if (!isEnd) this.#noteLoss(item);
    if (!(item instanceof Substitute)) {
      this.#episode ??= new OverflowEpisode(bounds.overflow, emit);
      this.#episode.drop(item.source);
    }
    if (isEnd) this.#end();
  }

  #noteLoss(item: Item): void {
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

  #endEpisode(): void {
    if (this.#episode?.isRunning && this.#queue?.isRelaxed) this.#episode.end();
  }

  #end(error?: Error): void {
    let pull = this.#pulls.shift();
    if (error && pull) pull.reject(error);
    else if (error) this.#theQueue().place(error);
    else pull?.resolve({ done: true, value: undefined });
    while ((pull = this.#pulls.shift())) pull.resolve({ done: true, value: undefined });
    this.#endEpisode();
    this.#subscription.unsubscribe();
  }
}
