import { asyncScheduler, Subscription } from 'rxjs';
import type { SubscriptionKind } from '../channel-kind.js';
import { debugLog } from '../debug-log.js';
import { isError, toError } from '../errors/to-error.js';
import { ClientReader } from '../hub/client-reader.js';
import type { ServerClient } from '../hub/client.js';
import { Hub } from '../hub/hub.js';
import type { ReaderMode } from '../reader/reader-mode.js';
import { SwappableClient } from './swappable-client.js';
import { checkConnection } from './check-connection.js';
import type { NodeClient } from './node-client.js';
import type { Loss, Topology } from './topology.js';

/** The parts of the distributed hub that a node link needs. */
export interface NodeLinkHost {
  /** Milliseconds within which a server has to answer. */
  readonly patience: number;
  /** The reader of messages that each connection is to have. */
  readonly reader: ReaderMode;
  /** Called when the node link has no connection, or a faulty one, so that the topology has to be asked again. */
  onTrouble(nodeLink: NodeLink): void;
  /** Called when Redis has dropped a sharded channel here, because its slot has moved. */
  onMoved(nodeLink: NodeLink, name: string): void;
  /** Called when Redis has refused an operation because of the node or the moment. */
  onRedirected(error: Error): void;
  /** Called when no subscription of this name is left on the node link. */
  onRemoved(kind: SubscriptionKind, name: string, nodeLink: NodeLink): void;
}

/** The number of steps into which the patience for an answer is divided. */
const STEPS = 4;
const SHORTEST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/**
 * The connection to one node of a cluster or Sentinel set, and the hub of the names that it carries. The client's own
 * connection would leave names on a dead server, or on one whose slot has moved, without an event. A broken connection is
 * replaced, and the hub subscribes its names again.
 */
export class NodeLink {
  readonly key: string;
  readonly hub: Hub;

  readonly #topology: Topology;
  readonly #host: NodeLinkHost;
  readonly #port = new SwappableClient();
  #client: NodeClient | undefined;
  #reader: ClientReader | undefined;
  #timer = Subscription.EMPTY;
  #failures = 0;
  #isLooking = false;
  #isClosed = false;
  #isAstray = false;
  /** Set until a new client has a socket: node-redis would keep a socket that connects after its client was destroyed. */
  #isConnecting = false;
  /** Epoch milliseconds: the time at which the connection was last known to be in order. */
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

  /** The client of the node, if it is connected. */
  get servers(): readonly ServerClient[] {
    return this.#client && this.isOnline ? [this.#client] : [];
  }

  /** Returns whether the connection is lost, or the first attempt to make it has failed. */
  get isLost(): boolean {
    return !this.isOnline && this.#failures > 0;
  }

  /** Returns whether Redis lacks a subscription that the client believes to have. */
  get isAstray(): boolean {
    return this.#isAstray;
  }

  /** Epoch milliseconds: since when messages may be missing, if the names of this node link belong elsewhere by now. */
  get unconfirmedSince(): number {
    return Math.min(this.#soundAt - this.#topology.stalenessMs, this.#topology.unconfirmedSince(this.key));
  }

  /** Checks the connection. `again` marks the second check, after an attempt to repair the finding of the first. */
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
   * Calls back when the patience is over. The wait has several steps, because after this process was blocked, a timer fires
   * before the data that has arrived meanwhile is read: that must cost only one step.
   */
  #onSilence(callback: () => void): Subscription {
    const step = this.#host.patience / STEPS;
    let left = STEPS;
    return asyncScheduler.schedule(function () {
      if (--left === 0) callback();
      else this.schedule(undefined, step);
    }, step);
  }

  /** Replaces a connection that carries less than it should, or that leads to the wrong server. */
  reopen(reason: Error): void {
    const client = this.#client;
    this.#failures = 0;
    if (!client) return this.hurry();
    this.hub.doubt(this.unconfirmedSince);
    this.#lose(client, reason);
  }

  /** Puts the reader that the host wants in place, on the present connection. */
  updateReader(): void {
    if (this.#reader) this.#reader.isWanted = this.#host.reader === 'fast';
  }

  /** Reconnects at once instead of waiting for the next attempt. */
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
    this.#reader = new ClientReader(client);
    this.updateReader();
    this.#isConnecting = true;
    const onTrouble = (error: unknown) =>
      this.#lose(client, toError(error), this.isOnline ? 'closed' : 'failed');
    client.on('error', (error) => {
      // The reader has failed and not the connection: the reader may have skipped messages.
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
    // The check of a server that was lost may show that it had not been the right one for a long time.
    if (this.#failures > 0) await this.#topology.isSound(this.key, client).catch(() => undefined);
    if (client !== this.#client) return;
    this.#timer.unsubscribe();
    this.#failures = 0;
    this.#soundAt = asyncScheduler.now();
    debugLog(() => `connected to the node for ${this.key}`);
    this.hub.doubt(this.#topology.unconfirmedSince(this.key));
    this.#port.plug(client);
  }

  #lose(client: NodeClient, error: Error, how: Loss = 'failed'): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#timer.unsubscribe();
    debugLog(() => `lost the node for ${this.key}: ${error.message}`);
    this.hub.doubt(this.#topology.unconfirmedSince(this.key));
    this.#topology.onLost(this.key, how);
    if (this.#port.unplug(error)) this.hub.onResubscribeRefused();
    this.#discard(client);
    this.#retryLater();
  }

  /** Destroys the client, once it has a socket; a client that gets none closes by itself. */
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

/** The refusals that concern the node or the moment. */
const PASSING = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN) /;

function discard(client: NodeClient): void {
  if (client.isOpen) client.destroy();
}
