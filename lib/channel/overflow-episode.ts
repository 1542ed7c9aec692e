import { asyncScheduler } from 'rxjs';
import type { OverflowPolicy } from '../queue/buffer-options.js';
import type { Channel, Gap, ReceiverEvent } from '../channel.js';
import type { Loss } from '../errors/errors.js';
import { GapError } from './gap-error.js';

interface Episode {
  readonly since: number;
  readonly channels: Set<Channel<unknown>>;
  until: number | undefined;
  dropped: number;
}

/** An overflow: from the first message that a full queue drops until less than half of the queue is in use. Events announce both. */
export class OverflowEpisode {
  readonly #overflow: OverflowPolicy;
  readonly #emit: (event: ReceiverEvent) => void;
  #current: Episode | undefined;

  constructor(overflow: OverflowPolicy, emit: (event: ReceiverEvent) => void) {
    this.#overflow = overflow;
    this.#emit = emit;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** Notes the loss of a message from this Channel. */
  drop(source: Channel<unknown>): void {
    const episode = this.#open();
    episode.channels.add(source);
    if (++episode.dropped === 1) this.#emit({ type: 'overflow', dropped: 1, overflow: this.#overflow });
  }

  /** Returns a function that creates the error of a loss that happens now, when the consumer reaches its place. */
  witness(): (loss: Loss) => GapError {
    const episode = this.#open();
    return ({ dropped }) => new GapError(gapOf(episode, dropped));
  }

  end(): void {
    const episode = this.#current;
    if (!episode) return;
    this.#current = undefined;
    episode.until = asyncScheduler.now();
    this.#emit({ type: 'gap', gap: gapOf(episode, episode.dropped) });
  }

  #open(): Episode {
    return (this.#current ??= {
      since: asyncScheduler.now(),
      channels: new Set(),
      until: undefined,
      dropped: 0,
    });
  }
}

function gapOf({ since, until = asyncScheduler.now(), channels }: Episode, dropped: number): Gap {
  return { cause: 'overflow', since, until, channels: [...channels], dropped };
}
