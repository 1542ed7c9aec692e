import type { StreamEntry } from '../log/log-client.js';
import { RetriedRequests } from '../recovery/retried-requests.js';
import type { EntryFields } from './group-commands.js';
import type { GroupEntry } from './group-entry.js';
import type { GroupKey } from './group-key.js';

export interface DeadLettersHost {
  /** Called when Redis has moved an entry to the dead letters, or has acknowledged it if there is no stream for them. */
  onMoved(entry: GroupEntry): void;
  /** Called when Redis has refused that: the entry stays pending, and is claimed again. */
  onRefused(entry: GroupEntry, error: unknown): void;
  /** Called when the entry stays pending without an attempt to move it. */
  onGivenUp(entry: GroupEntry): void;
}

/** Moves entries that were delivered too often to another stream, one at a time. */
export class DeadLetters {
  readonly #of: GroupKey;
  readonly #stream: string | undefined;
  readonly #host: DeadLettersHost;
  readonly #requests: RetriedRequests;
  readonly #waiting: GroupEntry[] = [];
  #current: GroupEntry | undefined;
  #onFlushed: (() => void)[] = [];

  constructor(of: GroupKey, stream: string | undefined, host: DeadLettersHost) {
    this.#of = of;
    this.#stream = stream;
    this.#host = host;
    this.#requests = new RetriedRequests(of.connection, {
      onRefused: (error) => this.#end((entry) => host.onRefused(entry, error)),
    });
  }

  add(entry: GroupEntry): void {
    this.#waiting.push(entry);
    if (!this.#current) this.#next();
  }

  /** Calls back when no entry is on its way; at once if none is. */
  whenFlushed(onFlushed: () => void): void {
    if (this.#current) this.#onFlushed.push(onFlushed);
    else onFlushed();
  }

  giveUp(): void {
    if (!this.#current) return;
    this.#requests.cancel();
    const entries = [this.#current, ...this.#waiting.splice(0)];
    for (const entry of entries) this.#host.onGivenUp(entry);
    this.#next();
  }

  #next(): void {
    const entry = (this.#current = this.#waiting.shift());
    if (entry) return this.#move(entry);
    const waiting = this.#onFlushed;
    this.#onFlushed = [];
    for (const onFlushed of waiting) onFlushed();
  }

  #move(entry: GroupEntry): void {
    const { key, group, connection } = this.#of;
    const stream = this.#stream;
    const onMoved = () => this.#end(() => this.#host.onMoved(entry));
    const acknowledge = () =>
      this.#requests.ask<unknown>(
        (request) => connection.send((client) => client.xAck(key, group, [entry.id]), request),
        onMoved,
      );
    if (stream === undefined) return acknowledge();
    // Not in one transaction: an XADD that fails would not keep it from acknowledging. A crash between leaves a copy too much.
    this.#readBytes(entry, (fields) => {
      const letter = { ...fields, ...this.#originOf(entry) };
      this.#requests.ask<unknown>(
        (request) => connection.send((client) => client.xAdd(stream, '*', letter), request),
        acknowledge,
      );
    });
  }

  /** Reads the fields again as Buffers: bytes that are no text may be the reason for which nobody could handle the entry. */
  #readBytes({ id, fields, deliveries }: GroupEntry, onRead: (fields: EntryFields) => void): void {
    const { key, group, consumer, binary, connection } = this.#of;
    if (binary) return onRead(fields);
    // The number of deliveries stays what it is.
    const options = { RETRYCOUNT: deliveries };
    this.#requests.ask<readonly (StreamEntry | null)[]>(
      (request) =>
        connection.send((client) => client.xClaim(key, group, consumer, 0, [id], options), request, true),
      ([entry]) => onRead((entry?.message as EntryFields | undefined) ?? fields),
    );
  }

  #originOf({ id, deliveries }: GroupEntry): EntryFields {
    const { key, group } = this.#of;
    const origin = { 'dead-letter:key': key, 'dead-letter:id': id, 'dead-letter:group': group };
    return { ...origin, 'dead-letter:deliveries': String(deliveries) };
  }

  #end(tell: (entry: GroupEntry) => void): void {
    const entry = this.#current as GroupEntry;
    tell(entry);
    this.#next();
  }
}
