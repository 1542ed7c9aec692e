import { asyncScheduler } from 'rxjs';
import type { OverflowPolicy } from '../queue/buffer-options.js';
import type { Channel } from '../channel/channel.js';
import type { Gap, ReceiverEvent } from '../channel/events.js';
import type { RawMessage } from '../channel/mailbox.js';

/** From the first message that a full queue loses until less than half of it is in use: announced at both ends. */
export class OverflowEpisode {
  readonly #overflow: OverflowPolicy;
  readonly #emit: (event: ReceiverEvent) => void;
  #current: { readonly since: number; readonly channels: Set<Channel<unknown>>; dropped: number } | undefined;

  constructor(overflow: OverflowPolicy, emit: (event: ReceiverEvent) => void) {
    this.#overflow = overflow;
    this.#emit = emit;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  drop(raw: RawMessage): void {
    const isFirst = this.#current === undefined;
    this.#current ??= { since: asyncScheduler.now(), channels: new Set(), dropped: 0 };
    this.#current.channels.add(raw.source);
    this.#current.dropped++;
    if (isFirst) this.#emit({ type: 'overflow', dropped: 1, overflow: this.#overflow });
  }

  /** The gap so far. */
  gap(dropped = this.#current?.dropped ?? 0): Gap {
    const until = asyncScheduler.now();
    const { since = until, channels = [] } = this.#current ?? {};
    return { cause: 'overflow', since, until, channels: [...channels], dropped };
  }

  end(): void {
    if (!this.#current) return;
    const gap = this.gap();
    this.#current = undefined;
    this.#emit({ type: 'gap', gap });
  }
}
