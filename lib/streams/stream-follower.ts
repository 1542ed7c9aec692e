import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import type { StreamEntry } from '../log/log-client.js';
import type { FollowedChannel } from '../recovery/followed-channel.js';
import type { Follower } from '../recovery/follower.js';
import type { Missing } from '../recovery/log-position.js';
import { failingStream, refusedStream, type RecoveryError } from '../recovery/recovery-error.js';
import { RetriedRequests } from '../recovery/retried-requests.js';
import { BEFORE_ALL_ENTRIES, compareEntryIds } from './entry-id.js';
import { EntryFeed } from './entry-feed.js';
import type { StreamHub } from './stream-hub.js';
import type { StreamInfo } from './stream-info.js';
import type { StreamSettings } from './stream-options.js';
import { StreamPosition } from './stream-position.js';
import type { StreamRead } from './stream-requests.js';
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
  readonly #feed: EntryFeed;
  #state: State = 'idle';
  /** Changes with each stop: a consumer may stop the follower while it takes an entry. */
  #run = {};
  #position = StreamPosition.from(BEFORE_ALL_ENTRIES, undefined);
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
    this.#feed = new EntryFeed(channel, options);
    this.#requests = new RetriedRequests(hub.connection, {
      onRefused: (error) => this.#refuse(error),
      // While the client itself is offline, its outage is known.
      onFailing: (error) => {
        if (!hub.isAway) channel.onFailed(failingStream(key, error));
      },
    });
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

  get count(): number {
    return this.#feed.count;
  }

  get wantsCheck(): boolean {
    return this.#wantsCheck;
  }

  start(onReady: () => void, onRefused: (error: RecoveryError) => void): void {
    this.#state = 'starting';
    this.#onRefused = onRefused;
    this.#hub.join(this);
    this.#requests.ask<StreamInfo | undefined>(
      (request) => this.#hub.requests.info(this.key, this.binary, request),
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
    this.#feed.reset();
    this.#hub.tail.leave(this);
    this.#requests.cancel();
    this.#hub.leave(this);
    this.#endDraining();
  }

  onSubscribed(): void {
    if (this.#state === 'ready') this.#read();
  }

  /** A stream is read on connections of its own: nothing is missed in an outage of the client. */
  refill(): boolean {
    return true;
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
    const { lastId } = this;
    const missing = this.#position.check(info);
    const isOther = lastId !== this.lastId;
    // Nothing can be on its way behind the last id.
    const rest = !isOther && info?.last === lastId ? this.#position.count([], true) : 0;
    if (this.#tell(missing, rest) && isOther) this.#readAnew();
  }

  onEntries(entries: readonly StreamEntry[], isEnd: boolean): void {
    if (this.#state !== 'live') return;
    if (entries.length > 0) this.#wantsCheck = true;
    if (!this.#tell(this.#position.count(entries, isEnd)) || this.#hand(entries) !== 'full') return;
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

  #read(): void {
    this.#state = 'reading';
    const { count, binary } = this;
    const draining = this.#draining;
    this.#requests.ask<readonly [StreamInfo | undefined, StreamRead<this> | undefined]>(
      (request) => this.#hub.requests.infoAndEntries(this, { count, binary }, request),
      ([info, read]) => {
        // A reading that was on its way at the call of `whenCaughtUp` may be older than the end.
        if (draining) draining.end ??= info?.last ?? BEFORE_ALL_ENTRIES;
        this.#onRead(info, read?.entries ?? [], read?.isEnd !== false);
      },
    );
  }

  #onRead(info: StreamInfo | undefined, entries: readonly StreamEntry[], isEnd: boolean): void {
    this.#isRefused = false;
    this.#wantsCheck = false;
    const { lastId } = this;
    const missing = this.#position.check(info);
    // Where the stream is another one, the entries were read from the wrong place.
    const isOther = lastId !== this.lastId;
    if (!this.#tell(missing, isOther ? 0 : this.#position.count(entries, isEnd))) return;
    if (isOther) return this.#read();
    const outcome = this.#hand(entries);
    if (outcome === 'full') return this.#wait();
    if (outcome === 'stopped') return;
    const end = this.#draining?.end;
    if (end !== undefined && (isEnd || compareEntryIds(this.lastId, end) >= 0)) return this.#endDraining();
    if (!isEnd || this.#draining) return this.#read();
    this.#wantsCheck = entries.length > 0;
    this.#state = 'live';
    this.#hub.tail.join(this);
  }

  /** Announces missing entries; returns false after a stop. */
  #tell(before: Missing, between: Missing = 0): boolean {
    const run = this.#run;
    const missing = before === 'unknown' || between === 'unknown' ? 'unknown' : before + between;
    if (missing !== 0) this.#channel.onMissed(this.#since, missing);
    this.#since = asyncScheduler.now();
    return run === this.#run;
  }

  #hand(entries: readonly StreamEntry[]): 'all' | 'full' | 'stopped' {
    const run = this.#run;
    return this.#feed.hand(entries, this.#position, () => run !== this.#run);
  }

  #wait(): void {
    this.#state = 'full';
    const run = this.#run;
    this.#channel.whenRoom(() => {
      if (run === this.#run) this.resume();
    });
  }

  #endDraining(): void {
    const draining = this.#draining;
    this.#draining = undefined;
    draining?.onCaughtUp();
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
