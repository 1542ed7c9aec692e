import { asyncScheduler, Subscription } from 'rxjs';
import { isClusterClient } from '../cluster/cluster-nodes.js';
import { hubOf } from '../cluster/hub-of.js';
import type { PubSubClient } from '../hub/client.js';
import type { HubListener } from '../hub/hub-listener.js';
import { notify } from '../hub/hub-listener.js';
import type { PubSubHub, Watcher } from '../hub/pub-sub-hub.js';
import { originOf } from '../hub/shared-emitter.js';
import { tell } from '../outbox.js';
import { SharedConnection } from '../recovery/shared-connection.js';
import { BlockingTail } from './blocking-tail.js';
import { PollingTail } from './polling-tail.js';
import { slotOf } from './stream-commands.js';
import { StreamRequests } from './stream-requests.js';
import type { Tail } from './tail.js';

/** A stream that is followed. */
interface StreamUser {
  readonly heartbeat: number;
  check(): void;
}

/**
 * The streams that this package's Receivers read from the server of one client. A Channel of a stream is attached at once: its
 * follower has found its position before, and reads from then on.
 */
export class StreamHub implements PubSubHub {
  readonly base: PubSubHub;
  /** The connection for everything but a blocked read. */
  readonly connection: SharedConnection;
  readonly requests: StreamRequests;
  readonly tail: Tail;
  readonly #users = new Set<StreamUser>();
  #beat = Subscription.EMPTY;
  #period = 0;

  constructor(client: PubSubClient) {
    this.base = hubOf(client);
    this.connection = new SharedConnection(client);
    this.requests = new StreamRequests(this.connection);
    this.tail = isClusterClient(client)
      ? new PollingTail(this.requests, (key) => slotOf(client, key))
      : new BlockingTail(new SharedConnection(client), this.requests);
  }

  get client(): PubSubClient {
    return this.connection.source;
  }

  get isOpen(): boolean {
    return this.base.isOpen;
  }

  get isAway(): boolean {
    return this.base.isAway;
  }

  batch(work: () => void): void {
    this.base.batch(work);
  }

  attach(_kind: unknown, _key: string, listener: HubListener): void {
    tell(notify.subscribed, listener);
  }

  detach(_kind: unknown, _key: string, listener: HubListener): void {
    tell(notify.released, listener);
  }

  updateFastPath(): void {
    // Entries are not pushed.
  }

  deliverHeld(): void {
    // No entry is held for a gap.
  }

  check(): void {
    this.base.check();
  }

  verify(): void {
    // Redis keeps no subscription that it could drop.
  }

  serversOf(): readonly never[] {
    return [];
  }

  inspect(): Promise<void> {
    return Promise.resolve();
  }

  watch(watcher: Watcher): void {
    this.base.watch(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.base.unwatch(watcher);
  }

  join(user: StreamUser): void {
    this.#users.add(user);
    const beat = this.connection.isVirtual ? 0 : user.heartbeat;
    if (beat > 0 && (this.#beat.closed || beat < this.#period)) this.#schedule(beat);
  }

  /** Closes the connection with its last user. */
  leave(user: StreamUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#beat.unsubscribe();
    this.connection.close();
  }

  #schedule(period: number): void {
    this.#beat.unsubscribe();
    this.#period = period;
    this.#beat = asyncScheduler.schedule(() => {
      for (const user of this.#users) user.check();
      const beats = [...this.#users].map(({ heartbeat }) => heartbeat).filter((beat) => beat > 0);
      if (beats.length > 0) this.#schedule(beats.reduce((a, b) => Math.min(a, b)));
    }, period);
  }
}

const hubs = new WeakMap<PubSubClient, StreamHub>();

/** Returns the only hub of streams for a client. */
export function streamHubOf(client: PubSubClient): StreamHub {
  const origin = originOf(client);
  let hub = hubs.get(origin);
  if (!hub) hubs.set(origin, (hub = new StreamHub(origin)));
  return hub;
}
