import type { StreamFields } from '../stream-fields.js';
import type { StreamEntry } from '../log/log-client.js';
import type { DeliveredEntry, FollowedChannel } from '../recovery/followed-channel.js';
import type { StreamSettings } from './stream-options.js';
import type { StreamPosition } from './stream-position.js';

/** Hands entries to a Channel, one by one, and knows how many the Channel has room for. */
export class EntryFeed {
  readonly #channel: FollowedChannel;
  readonly #options: StreamSettings;
  /** As many as the Channel has taken before it was full, and then more and more. */
  #count: number;
  /** Bytes of an entry, on average over the last ones. */
  #size = 0;

  constructor(channel: FollowedChannel, options: StreamSettings) {
    this.#channel = channel;
    this.#options = options;
    this.#count = options.batch;
  }

  /** The number of entries to ask for. */
  get count(): number {
    return Math.max(1, Math.min(this.#count, this.#channel.roomForEntries(this.#size)));
  }

  reset(): void {
    this.#count = this.#options.batch;
  }

  /** Hands on entries, and moves the position, until the Channel is full, or `isStopped` by a consumer. */
  hand(
    entries: readonly StreamEntry[],
    position: StreamPosition,
    isStopped: () => boolean,
  ): 'all' | 'full' | 'stopped' {
    let taken = 0;
    for (const { id: rawId, message } of entries) {
      const id = String(rawId);
      const fields = this.#channel.binary ? message : textOf(message);
      if (position.hasReceived(id, fields)) {
        position.moveTo(id, fields);
        continue;
      }
      const size = sizeOf(fields);
      if (this.#channel.isFullForEntry(size)) {
        this.#count = Math.max(1, taken);
        return 'full';
      }
      taken++;
      this.#size += (size - this.#size) / Math.min(taken, 16);
      position.moveTo(id, fields);
      this.#channel.deliverEntry(deliveredEntry(id, fields, this.#options.field, this.#channel.binary));
      if (isStopped()) return 'stopped';
    }
    if (taken > 0) this.#count = Math.min(2 * this.#count, this.#options.batch);
    return 'all';
  }
}

/** Returns an entry as its Channel delivers it; `field`: the one that is the payload. */
export function deliveredEntry(
  id: string,
  message: StreamEntry['message'],
  field: string | undefined,
  binary: boolean,
): DeliveredEntry {
  const value = field !== undefined && Object.hasOwn(message, field) ? message[field] : undefined;
  if (binary) return { id, fields: undefined, data: value && Buffer.from(value), field };
  const fields = message as StreamFields;
  return { id, fields, data: field === undefined ? fields : value, field };
}

/** Returns the fields as strings: another Channel in the same read may have asked for Buffers. */
function textOf(message: StreamEntry['message']): StreamFields {
  for (const name in message) {
    if (typeof message[name] === 'string') continue;
    return Object.fromEntries(Object.entries(message).map(([field, value]) => [field, String(value)]));
  }
  return message as StreamFields;
}

/** Returns the size of an entry, as the queue counts it at least: names and values. */
function sizeOf(message: StreamEntry['message']): number {
  let size = 0;
  for (const name in message) size += name.length + (message[name]?.length ?? 0);
  return size;
}
