import { asyncScheduler } from 'rxjs';
import type { StreamFields } from '../channel.js';
import type { PubSubClient } from '../hub/client.js';
import type { StreamEntry } from '../log/log-client.js';
import type { FollowedChannel } from '../recovery/followed-channel.js';
import type { Follower } from '../recovery/follower.js';
import { refusedStream, type RecoveryError } from '../recovery/recovery-error.js';
import { RetriedRequests } from '../recovery/retried-requests.js';
import { BEFORE_ALL_ENTRIES } from './entry-id.js';
import type { StreamHub } from './stream-hub.js';
import type { StreamInfo } from './stream-info.js';
import type { StreamSettings } from './stream-options.js';
import { StreamPosition } from './stream-position.js';
import type { TailUser } from './tail.js';

/**
 * `'starting'`: looks for the position to start from; `'ready'`: the Channel may subscribe; `'reading'`: reads up to the end of the
 * stream; `'live'`: waits at the tail for the next entry; `'full'`: waits for room.
 */
type State = 'idle' | 'starting' | 'ready' | 'reading' | 'live' | 'full';

/** The end of a stream as it is when the Channel drains: the follower reads up to there. */
interface Draining {
  end: string | undefined;
  readonly onCaughtUp: () => void;
}

/** Follows a stream: delivers its entries in order, each once, as fast as the consumers take them. */
export class StreamFollower implements Follower, TailUser {
  readonly options: StreamSettings;
  readonly key: string;
  readonly binary: boolean;
  readonly #channel: FollowedChannel;
  readonly #hub: StreamHub;
  readonly #requests: RetriedRequests;
  #state: State = 'idle';
  /** Changes with each stop: a consumer may stop the follower while it takes an entry. */
  #run = {};
  #position = StreamPosition.from(BEFORE_ALL_ENTRIES, undefined);
  /** The number of entries that the next read asks for: as many as the consumers had room for, and then more and more. */
  #count: number;
  /** Epoch milliseconds of the last read. */
  #since = 0;
  #wantsCheck = false;
  /** True while Redis refuses the stream. */
  #isRefused = false;
  #draining: Draining | undefined;
  #onRefused: ((error: RecoveryError) => void) | undefined;

  constructor(channel: FollowedChannel, hub: StreamHub, key: string, options: StreamSettings) {
    this.#channel = channel;
    this.#hub = hub;
    this.key = key;
    this.options = options;
    this.binary = channel.binary;
    this.#count = options.batch;
    this.#requests = new RetriedRequests(hub.connection, (error) => this.#refuse(error));
  }

  get heartbeat(): number {
    return this.#channel.heartbeat;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get isReady(): boolean {
    return this.#state !== 'idle' && this.#state !== 'starting';
  }

  get client(): PubSubClient {
    return this.#hub.client;
  }

  get lastId(): string {
    return this.#position.id;
  }

  get place(): string {
    return this.#position.id;
  }

  get batch(): number {
    return this.options.batch;
  }

  get wantsCheck(): boolean {
    return this.#wantsCheck;
  }

  start(onReady: () => void, onRefused: (error: RecoveryError) => void): void {
    this.#state = 'starting';
    this.#onRefused = onRefused;
    this.#hub.join(this);
    this.#requests.ask<StreamInfo | undefined>(
      (request) => this.#hub.requests.info(this.key, request),
      (info) => {
        this.#position = StreamPosition.from(this.options.from, info);
        this.#since = asyncScheduler.now();
        this.#onRefused = undefined;
        this.#state = 'ready';
        onReady();
      },
    );
  }

  stop(): void {
    if (this.isIdle) return;
    this.#run = {};
    this.#state = 'idle';
    this.#isRefused = false;
    this.#count = this.options.batch;
    this.#hub.tail.leave(this);
    this.#requests.cancel();
    this.#hub.leave(this);
    const draining = this.#draining;
    this.#draining = undefined;
    draining?.onCaughtUp();
  }

  onSubscribed(): void {
    if (this.#state === 'ready') this.#read();
  }

  /** A stream is read on connections of its own: nothing is missed in an outage of the client. */
  refill(): boolean {
    return true;
  }

  receive(): void {
    // Redis pushes no entries of a stream.
  }

  resume(): void {
    if (this.#state === 'full') this.#read();
  }

  whenCaughtUp(onCaughtUp: () => void): void {
    this.#draining = { end: undefined, onCaughtUp };
    if (this.#state === 'live') this.#readAnew();
  }

  /** Called once in a heartbeat: the stream may have been created anew with smaller ids, which the read never returns. */
  check(): void {
    this.#wantsCheck = true;
  }

  onInfo(info: StreamInfo | undefined): void {
    if (this.#state !== 'live') return;
    this.#wantsCheck = false;
    const { place } = this;
    if (this.#tellMissing(info) && place !== this.place) this.#readAnew();
  }

  onEntries(entries: readonly StreamEntry[]): void {
    if (this.#state !== 'live') return;
    this.#wantsCheck = true;
    if (this.#deliver(entries) !== 'full') return;
    this.#hub.tail.leave(this);
    this.#wait();
  }

  onStirred(): void {
    if (this.#state === 'live') this.#readAnew();
  }

  #readAnew(): void {
    this.#hub.tail.leave(this);
    this.#read();
  }

  /** Reads the state of the stream, and then the entries behind the position. */
  #read(): void {
    this.#state = 'reading';
    const { requests } = this.#hub;
    const count = this.#count;
    let info: StreamInfo | undefined;
    this.#requests.ask<readonly StreamEntry[]>(
      ({ onReply, onError }) => {
        requests.info(this.key, { onReply: (state) => (info = state), onError: () => undefined });
        requests.read([this], { COUNT: count }, this.binary, {
          onReply: ([found]) => onReply(found?.entries ?? []),
          onError,
        });
      },
      (entries) => this.#onRead(info, entries, count),
    );
  }

  #onRead(info: StreamInfo | undefined, entries: readonly StreamEntry[], count: number): void {
    this.#isRefused = false;
    this.#wantsCheck = false;
    const { place } = this;
    if (this.#draining) this.#draining.end ??= info?.last ?? BEFORE_ALL_ENTRIES;
    if (!this.#tellMissing(info)) return;
    // The stream is another one: the entries were read from the wrong place.
    if (place !== this.place) return this.#read();
    const outcome = this.#deliver(entries);
    if (outcome === 'full') return this.#wait();
    if (outcome === 'stopped') return;
    if (entries.length >= count) return this.#read();
    if (this.#draining) return this.#endDraining(this.#draining);
    this.#state = 'live';
    this.#hub.tail.join(this);
  }

  /** Returns false after a stop. */
  #tellMissing(info: StreamInfo | undefined): boolean {
    const run = this.#run;
    const missing = this.#position.check(info);
    if (missing !== 0) this.#channel.onMissed(this.#since, missing);
    return run === this.#run;
  }

  #deliver(entries: readonly StreamEntry[]): 'all' | 'full' | 'stopped' {
    const run = this.#run;
    this.#since = asyncScheduler.now();
    let delivered = 0;
    for (const { id, message } of entries) {
      if (this.#channel.isFullForEntry(sizeOf(message))) {
        this.#count = Math.max(1, delivered);
        return 'full';
      }
      this.#position.moveTo(String(id));
      delivered++;
      this.#channel.deliverEntry(this.#entry(String(id), message));
      if (run !== this.#run) return 'stopped';
    }
    if (delivered > 0) this.#count = Math.min(2 * this.#count, this.options.batch);
    return 'all';
  }

  #entry(id: string, message: StreamEntry['message']): Parameters<FollowedChannel['deliverEntry']>[0] {
    const { field } = this.options;
    const data = field === undefined ? undefined : message[field];
    if (this.binary) return { id, fields: undefined, data: data && Buffer.from(data), field };
    const fields = textOf(message);
    return { id, fields, data: field === undefined ? fields : data?.toString(), field };
  }

  #wait(): void {
    this.#state = 'full';
    const run = this.#run;
    this.#channel.whenRoom(() => {
      if (run === this.#run) this.resume();
    });
  }

  #endDraining({ onCaughtUp }: Draining): void {
    this.#draining = undefined;
    onCaughtUp();
  }

  /** A stream that cannot be read keeps its position: nothing is lost while the attempts go on. */
  #refuse(cause: unknown): void {
    const error = refusedStream(this.key, cause);
    const refuse = this.#onRefused;
    if (refuse) {
      this.#onRefused = undefined;
      this.stop();
      return refuse(error);
    }
    const run = this.#run;
    if (!this.#isRefused) this.#channel.onFailed(error);
    this.#isRefused = true;
    if (run === this.#run) this.#read();
  }
}

/** Returns the fields as strings: another Channel in the same read may have asked for Buffers. */
function textOf(message: StreamEntry['message']): StreamFields {
  for (const name in message) {
    if (typeof message[name] === 'string') continue;
    return Object.fromEntries(Object.entries(message).map(([field, value]) => [field, String(value)]));
  }
  return message as StreamFields;
}

/** Returns the size of an entry, in units of its strings or in bytes. */
function sizeOf(message: StreamEntry['message']): number {
  let size = 0;
  for (const name in message) size += message[name]?.length ?? 0;
  return size;
}
