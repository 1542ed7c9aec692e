import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import { singleUse, type NodeAddress, type NodeClient } from './node-client.js';
import { addListeners, removeListeners } from '../hub/shared-emitter.js';
import { SentinelScout, type SentinelScoutClient } from './sentinel-scout.js';
import type { Topology, TopologyObserver } from './topology.js';

/** The parts of a `createSentinel` client that this package needs. */
export interface SentinelClient extends SentinelScoutClient {
  _execute<T>(isReadonly: boolean | undefined, work: (client: NodeClient) => Promise<T>): Promise<T>;
}

export function isSentinelClient(client: PubSubClient): client is SentinelClient {
  const { getMasterNode, _execute } = client as Partial<SentinelClient>;
  return typeof getMasterNode === 'function' && typeof _execute === 'function';
}

/** Milliseconds of trouble after which the client is no longer expected to find a new master itself. */
const PATIENCE = 2_000;

/**
 * Milliseconds within which the Sentinels demote a deposed master that still answers, which then drops its subscribers: they
 * read its role every 10 seconds, and give it 8.
 */
const DEMOTION = 20_000;

/** A master that a scout has found while the client, without a notice, keeps to another one: the scout must keep asking. */
interface Discovery {
  readonly master: NodeAddress;
  readonly insteadOf: NodeAddress | undefined;
}

/** The topology of a Sentinel set: one node link, which leads to the current master. */
export class SentinelTopology implements Topology {
  /** Sentinels exchange their state every two seconds, and only then notify the client. */
  readonly stalenessMs = 5_000;
  readonly confirmedAt = Infinity;

  readonly #client: SentinelClient;
  #listeners: Readonly<Record<string, () => void>> = {};
  /** The client of the master at the first request, with the user's credentials and settings. */
  #template: NodeClient | undefined;
  #isAsking = false;
  /** The node to which the node link leads. */
  #target: NodeAddress | undefined;
  /** The master at the last refresh. */
  #current: NodeAddress | undefined;
  #observer: TopologyObserver | undefined;
  /** Epoch milliseconds: the time from which the node link leads to no master. */
  #troubledSince: number | undefined;
  #discovery: Discovery | undefined;
  /**
   * Epoch milliseconds: when a scout last confirmed the node link's master; `Infinity` while the client would learn of a new
   * master by itself.
   */
  #confirmedAt = Infinity;
  readonly #scout: SentinelScout;

  constructor(client: SentinelClient) {
    this.#client = client;
    this.#scout = new SentinelScout(client);
  }

  unconfirmedSince(): number {
    return this.#confirmedAt - this.stalenessMs;
  }

  nodeFor(): string {
    return 'master';
  }

  open(): NodeClient | undefined {
    const master = this.#master();
    if (!this.#template || !master) return undefined;
    this.#target = master;
    this.#confirmedAt = this.#discovery ? asyncScheduler.now() : Infinity;
    return singleUse(this.#template, { host: master.host, port: master.port });
  }

  pointsToWrongNode(): boolean {
    const master = this.#master();
    return master !== undefined && this.#target !== undefined && !isSame(master, this.#target);
  }

  onLost(): void {
    // The node link leads to the master again, whichever node that is by then.
    this.#troubledSince ??= asyncScheduler.now();
  }

  settlingTime(): number {
    return 0;
  }

  refresh(): Promise<boolean> {
    // Not awaited: the call waits until there is a master.
    if (!this.#template) void this.#findTemplate();
    const last = this.#current;
    this.#current = this.#master();
    if (this.#isScouting()) void this.#explore();
    else if (this.#troubledSince === undefined) this.#rest();
    return Promise.resolve(!isSame(last, this.#current));
  }

  learn(): boolean {
    return false;
  }

  async isSound(_nodeLink: string, client: NodeClient): Promise<boolean> {
    const isMaster = await client.sendCommand(['HELLO']).then(isOfMaster, (error: unknown) => {
      if (client.isReady === false) throw error;
      return true;
    });
    if (isMaster) {
      this.#troubledSince = undefined;
    } else {
      const now = asyncScheduler.now();
      this.#troubledSince ??= now;
      this.#confirmedAt = Math.min(this.#confirmedAt, now - DEMOTION);
    }
    return isMaster;
  }

  watch(observer: TopologyObserver): void {
    this.#observer = observer;
    const onChange = () => observer.onChange();
    this.#listeners = {
      'topology-change': onChange,
      ready: onChange,
      end: () => observer.onEnded(),
    };
    addListeners(this.#client, this.#listeners);
  }

  unwatch(): void {
    removeListeners(this.#client, this.#listeners);
    this.#listeners = {};
    this.#observer = undefined;
    this.#scout.recall();
  }

  #master(): NodeAddress | undefined {
    const own = this.#client.getMasterNode();
    // The client has found a new master, and knows more than the scout.
    if (own && !isSame(own, this.#discovery?.insteadOf)) this.#discovery = undefined;
    return this.#discovery?.master ?? own;
  }

  /** Returns whether the scout has to ask: the client has had its time to find the master, or has been found to miss it. */
  #isScouting(): boolean {
    if (this.#discovery) return true;
    return this.#troubledSince !== undefined && asyncScheduler.now() - this.#troubledSince > PATIENCE;
  }

  async #explore(): Promise<void> {
    const askedAt = asyncScheduler.now();
    const target = this.#target;
    const master = await this.#scout.ask();
    if (!master) return;
    if (!isSame(master, this.#master())) {
      // A client that knows no master at the moment still gets notices, and returns to the master that it had.
      const insteadOf = isSame(master, target) ? undefined : target;
      this.#discovery = { master, insteadOf: this.#discovery ? this.#discovery.insteadOf : insteadOf };
      this.#observer?.onChange();
    } else if (this.#discovery && isSame(master, this.#target)) {
      this.#confirmedAt = askedAt;
    }
  }

  /** Stops the scout when all is in order and the client will be notified of a change. */
  #rest(): void {
    this.#scout.recall();
    if (!this.pointsToWrongNode()) this.#confirmedAt = Infinity;
  }

  async #findTemplate(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#template = await this.#client._execute(false, (client) => Promise.resolve(client));
      this.#current = undefined;
      this.#observer?.onChange();
    } catch {
      // There is no master at the moment.
    }
    this.#isAsking = false;
  }
}

function isOfMaster(hello: unknown): boolean {
  return !/replica|slave/.test(
    JSON.stringify(hello instanceof Map ? [...(hello as Map<unknown, unknown>)] : hello),
  );
}

function isSame(one: NodeAddress | undefined, other: NodeAddress | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port;
}
