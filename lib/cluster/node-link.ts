import { asyncScheduler, Subscription } from 'rxjs';
import type { ChannelKind } from '../channel-kind.js';
import { isError, toError } from '../errors/to-error.js';
import { Hub } from '../hub/hub.js';
import { SwappableClient } from './swappable-client.js';
import { checkConnection } from './check-connection.js';
import type { NodeClient } from './node-client.js';
import type { Loss, Topology } from './topology.js';

/** What a node link needs of the hub it belongs to. */
export interface NodeLinkHost {
  /** Milliseconds in which a server has to answer. */
  readonly patience: number;
  /** The node link has no connection, or one that is not as it should be: where should it lead? */
  onTrouble(nodeLink: NodeLink): void;
  /** Redis has dropped a sharded channel here, because its slot has moved. */
  onMoved(nodeLink: NodeLink, name: string): void;
  /** Redis refused because of the place, or of the moment. */
  onRedirected(error: Error): void;
  /** Nothing is left of this name here. */
  onRemoved(kind: ChannelKind, name: string, nodeLink: NodeLink): void;
}

/** In which the patience for an answer is spent. */
const STEPS = 4;
const SHORTEST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/**
 * A connection of ours to one of several servers, and the hub of the names that it carries. The client's own would
 * leave names on a dead server or on one whose slot has moved, and say nothing. A connection that breaks is replaced, and
 * the hub subscribes anew what it wants.
 */
export class NodeLink {
  readonly key: string;
  readonly hub: Hub;

  readonly #topology: Topology;
  readonly #host: NodeLinkHost;
  readonly #port = new SwappableClient();
  #client: NodeClient | undefined;
  #timer = Subscription.EMPTY;
  #failures = 0;
  #isLooking = false;
  #isClosed = false;
  #isAstray = false;
  /** There is no socket yet: node-redis would keep the one that comes, though the client is destroyed by then. */
  #isConnecting = false;
  /** When all was last known to be in order. */
  #soundAt = asyncScheduler.now();

  constructor(key: string, topology: Topology, host: NodeLinkHost) {
    this.key = key;
    this.#topology = topology;
    this.#host = host;
    this.hub = new Hub(this.#port, {
      onRemoved: (kind, name) => host.onRemoved(kind, name, this),
      isPassing: (error) => {
        if (!isError(error) || !PASSING.test(error.message)) return false;
        host.onRedirected(error);
        return true;
      },
    });
    this.#open();
  }

  get isOnline(): boolean {
    return this.#port.isReady;
  }

  /** Its connection is lost, or could not be made at the first try. */
  get isLost(): boolean {
    return !this.isOnline && this.#failures > 0;
  }

  /** Something that the client believes to be subscribed is not. */
  get isAstray(): boolean {
    return this.#isAstray;
  }

  /** From when on something may be missing, if what this node link carries belongs elsewhere by now. */
  get unconfirmedSince(): number {
    return Math.min(this.#soundAt - this.#topology.stalenessMs, this.#topology.unconfirmedSince(this.key));
  }

  /** Looks whether the connection is in order; `again`, after what was wrong has been seen to. */
  async checkConnection(again = false): Promise<void> {
    const client = this.#client;
    if (!client || !this.isOnline || this.#isLooking) return;
    this.#isLooking = true;
    const silence = this.#onSilence(() =>
      this.#lose(client, new Error(`The server did not answer within ${this.#host.patience} ms.`)),
    );
    const startedAt = asyncScheduler.now();
    const finding = await checkConnection(client, this.#port, () =>
      this.#topology.isSound(this.key, client),
    ).catch((error: unknown) => error as Error);
    silence.unsubscribe();
    this.#isLooking = false;
    if (client !== this.#client) return;
    if (isError(finding)) {
      this.#lose(client, finding);
      return;
    }
    this.#port.heard();
    if (finding === 'sound') this.#soundAt = startedAt;
    else if (finding === 'astray' && again) this.reopen(new Error('Redis has dropped subscriptions.'));
    else if (finding !== 'unclear') this.#host.onTrouble(this);
    this.#isAstray = finding === 'astray' && !again;
  }

  /**
   * Calls back when the patience is over. In steps: where this process itself was busy for long, the time is over before
   * what has come meanwhile is read, and that is to cost one step alone.
   */
  #onSilence(callback: () => void): Subscription {
    const step = this.#host.patience / STEPS;
    let left = STEPS;
    return asyncScheduler.schedule(function () {
      if (--left === 0) callback();
      else this.schedule(undefined, step);
    }, step);
  }

  /** Replaces the connection, which carries less than it should, or leads to the wrong server. */
  reopen(reason: Error): void {
    const client = this.#client;
    this.#failures = 0;
    if (!client) return this.hurry();
    this.hub.doubt(this.unconfirmedSince);
    this.#lose(client, reason);
  }

  /** Tries at once where it would wait. */
  hurry(): void {
    if (this.#client || this.#isClosed) return;
    this.#timer.unsubscribe();
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.unsubscribe();
    const client = this.#client;
    this.#client = undefined;
    this.#port.end();
    if (client) this.#discard(client);
  }

  #open(): void {
    if (this.#isClosed) return;
    const client = this.#topology.open(this.key);
    if (!client) return this.#retryLater();
    this.#client = client;
    this.#isConnecting = true;
    const onTrouble = (error: unknown) =>
      this.#lose(client, toError(error), this.isOnline ? 'closed' : 'failed');
    client.on('error', (error) => {
      // The reader has failed and not the connection: who knows what it has skipped.
      if (client === this.#client && client.isReady !== false) this.hub.doubt(this.unconfirmedSince);
      onTrouble(error);
    });
    client.on('connect', () => {
      if (client === this.#client) this.#isConnecting = false;
      else discard(client);
    });
    client.on('sharded-channel-moved', (name) => {
      if (client === this.#client) this.#host.onMoved(this, String(name));
    });
    this.#timer = asyncScheduler.schedule(
      () => onTrouble('The server did not accept a connection in time.'),
      Math.max(this.#host.patience, LONGEST_WAIT),
    );
    client.connect().then(() => {
      if (client !== this.#client) return undefined;
      this.#isConnecting = false;
      return this.#begin(client);
    }, onTrouble);
  }

  async #begin(client: NodeClient): Promise<void> {
    // What is found of a server that was lost may say that it had not been the right one for long.
    if (this.#failures > 0) await this.#topology.isSound(this.key, client).catch(() => undefined);
    if (client !== this.#client) return;
    this.#timer.unsubscribe();
    this.#failures = 0;
    this.#soundAt = asyncScheduler.now();
    this.hub.doubt(this.#topology.unconfirmedSince(this.key));
    this.#port.plug(client);
  }

  #lose(client: NodeClient, error: Error, how: Loss = 'failed'): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#timer.unsubscribe();
    this.hub.doubt(this.#topology.unconfirmedSince(this.key));
    this.#topology.onLost(this.key, how);
    if (this.#port.unplug(error)) this.hub.onResubscribeRefused();
    this.#discard(client);
    this.#retryLater();
  }

  /** Once it has a socket; where it gets none, it is closed by itself. */
  #discard(client: NodeClient): void {
    if (!this.#isConnecting) discard(client);
  }

  #retryLater(): void {
    if (this.#isClosed || this.#client) return;
    const longest = Math.min(SHORTEST_WAIT * 2 ** this.#failures, LONGEST_WAIT);
    const backoff = this.#failures === 0 ? 0 : longest * (0.5 + Math.random() / 2);
    this.#failures++;
    this.#timer.unsubscribe();
    const wait = Math.max(backoff, this.#topology.settlingTime(this.key));
    this.#timer = asyncScheduler.schedule(() => this.#open(), wait);
    this.#host.onTrouble(this);
  }
}

/** Refusals that mean the place or the moment. */
const PASSING = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN) /;

function discard(client: NodeClient): void {
  if (client.isOpen) client.destroy();
}
