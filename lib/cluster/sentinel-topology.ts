import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import { singleUse, type NodeAddress, type NodeClient } from './node-client.js';
import { addListeners, removeListeners } from '../hub/shared-emitter.js';
import { SentinelScout, type SentinelScoutClient } from './sentinel-scout.js';
import type { Topology, TopologyObserver } from './topology.js';

/** What `createSentinel` returns, as far as this package needs it. */
export interface SentinelClient extends SentinelScoutClient {
  _execute<T>(isReadonly: boolean | undefined, work: (client: NodeClient) => Promise<T>): Promise<T>;
}

export function isSentinelClient(client: PubSubClient): client is SentinelClient {
  const { getMasterNode, _execute } = client as Partial<SentinelClient>;
  return typeof getMasterNode === 'function' && typeof _execute === 'function';
}

/** Milliseconds of trouble that the client is given to find a new master itself. */
const PATIENCE = 2_000;

/**
 * Milliseconds in which Sentinels make a replica of a deposed master that still answers, which then drops who listens: they
 * read its role every ten seconds, and give it eight.
 */
const DEMOTION = 20_000;

/** What a scout has found, where the client keeps to another: nobody tells the client, and the scout has to go on asking. */
interface Discovery {
  readonly master: NodeAddress;
  readonly insteadOf: NodeAddress | undefined;
}

/** A master that others stand in for: one node link, to whoever is master now. */
export class SentinelTopology implements Topology {
  /** Sentinels tell one another every two seconds, and only then do they tell the client. */
  readonly stalenessMs = 5_000;
  readonly confirmedAt = Infinity;

  readonly #client: SentinelClient;
  #listeners: Readonly<Record<string, () => void>> = {};
  /** A client of the master that was, when somebody first asked: it has the user's credentials and settings. */
  #template: NodeClient | undefined;
  #isAsking = false;
  /** Where the node link leads. */
  #target: NodeAddress | undefined;
  /** The master when it was last asked for. */
  #current: NodeAddress | undefined;
  #observer: TopologyObserver | undefined;
  /** Since when the node link leads to no master. */
  #troubledSince: number | undefined;
  #discovery: Discovery | undefined;
  /** When a scout last said that the node link leads to the master; `Infinity` while the client would be told of another. */
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
    // It leads to the master again, whoever that is by then.
    this.#troubledSince ??= asyncScheduler.now();
  }

  settlingTime(): number {
    return 0;
  }

  refresh(): Promise<boolean> {
    // Not awaited: it waits itself, for a master.
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
    // It has moved on: it knows more than was found.
    if (own && !isSame(own, this.#discovery?.insteadOf)) this.#discovery = undefined;
    return this.#discovery?.master ?? own;
  }

  /** Whether the client has had its time to find the master, or has been found not to. */
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
      // A client that knows of no master just now is not deaf: it comes back to the one it had.
      const insteadOf = isSame(master, target) ? undefined : target;
      this.#discovery = { master, insteadOf: this.#discovery ? this.#discovery.insteadOf : insteadOf };
      this.#observer?.onChange();
    } else if (this.#discovery && isSame(master, this.#target)) {
      this.#confirmedAt = askedAt;
    }
  }

  /** All is in order, and the client itself will be told when it is not. */
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
      // There is no master just now.
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
