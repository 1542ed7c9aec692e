import { channel } from 'node:diagnostics_channel';
import { Receiver } from '../../../lib/index.js';
import { COMMANDS } from '../../../lib/hub/client.js';
import { keySlot } from '../../../lib/hub/key-slot.js';
import { listenersOf, type DistributedClient } from '../../support/distributed-clients.js';
import {
  GARBAGE,
  HANDOFF,
  namesOf,
  rulesWithout,
  USER,
  type Counts,
  type Fault,
  type RedisUnderTest,
} from './redis-under-test.js';
import type { Subject, Target } from './subjects.js';
import type { RedisNode } from '../../support/redis-node.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from '../../support/until.js';

const FENCE = 'fence';

export interface DistributedSiteOptions {
  readonly client: DistributedClient;
  readonly nodes: readonly RedisNode[];
  /** The proxies through which the client reaches the nodes. */
  readonly proxies: readonly TcpProxy[];
  readonly kind: 'cluster' | 'sentinel';
}

/**
 * A cluster or a Sentinel set. A separate Receiver on the same client is the fence: it waits for a last message on each
 * connection.
 */
export class DistributedRedis implements RedisUnderTest {
  readonly client: DistributedClient;
  readonly heartbeat = 1_000;
  readonly isShared = false;
  readonly #nodes: readonly RedisNode[];
  readonly #proxies: readonly TcpProxy[];
  readonly #isCluster: boolean;
  readonly #forbidden = new Set<string>();
  readonly #fenceReceiver: Receiver;
  readonly #receivedTokens = new Set<string>();
  readonly #fences: readonly Target[];
  #tokens = 0;
  #publishing: Promise<unknown> = Promise.resolve();

  private constructor({ client, nodes, proxies, kind }: DistributedSiteOptions) {
    this.client = client;
    this.#nodes = nodes;
    this.#proxies = proxies;
    this.#isCluster = kind === 'cluster';
    const shards = namesOf('shard').map((name) => ({ kind: 'shard' as const, name: `{${name}}${FENCE}` }));
    this.#fences = [{ kind: 'channel', name: FENCE }, ...shards];
    this.#fenceReceiver = new Receiver(client, { heartbeat: this.heartbeat });
    for (const { kind, name } of this.#fences) this.#fenceReceiver[kind](name);
    this.#fenceReceiver.subscribe(({ data }) => this.#receivedTokens.add(data));
  }

  static async open(options: DistributedSiteOptions): Promise<DistributedRedis> {
    const redis = new DistributedRedis(options);
    await redis.#fenceReceiver.connect();
    await redis.#drain();
    return redis;
  }

  /** Waits for earlier messages that other tests published, and that may be under way between two nodes. */
  async #drain(): Promise<void> {
    if (!this.#isCluster) return;
    await Promise.all(
      this.#nodes.map(async ({ admin, address }) => {
        await this.#publishUntilReceived(address, () => admin.publish(FENCE, address));
      }),
    );
  }

  connectionOf(key: string): string {
    const [kind, name] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    return this.#isCluster && kind === 'shard' ? String(keySlot(JSON.parse(name) as string)) : '';
  }

  publish(target: Target, data: string): Promise<unknown> {
    const published = this.#publishing.then(() => this.#publish(target, data));
    this.#publishing = published.catch(() => undefined);
    return published;
  }

  async fence(): Promise<void> {
    await this.#drain();
    await Promise.all(
      this.#fences.map(async (target) => {
        const token = `${target.kind} ${this.#tokens++}`;
        await this.#publishUntilReceived(token, () => this.publish(target, token));
      }),
    );
  }

  /** Publishes until the fence receives the token: while connections are down, messages are lost. */
  async #publishUntilReceived(token: string, publish: () => Promise<unknown>): Promise<void> {
    let isReceived = false;
    while (!isReceived) {
      await publish().catch(() => undefined);
      isReceived = await until(() => this.#receivedTokens.delete(token), { timeout: 500 }).catch(() => false);
    }
  }

  /** Counts the subscriptions; retries, because a fault may have killed the admin connection. */
  async counts(): Promise<Counts> {
    const counts = await until(() => this.#counts().catch(() => undefined));
    return counts as Counts;
  }

  async #counts(): Promise<Counts> {
    const sum = async (
      names: readonly string[],
      count: (node: RedisNode, name: string) => Promise<number>,
    ) => {
      const entries = names.map(async (name) => {
        const counts = await Promise.all(this.#nodes.map((node) => count(node, name)));
        return [name, counts.reduce((a, b) => a + b, 0)] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    };
    const [channels, patterns, shards] = await Promise.all([
      sum(namesOf('channel'), async ({ admin }, name) => Number((await admin.pubSubNumSub([name]))[name])),
      sum(['patterns'], ({ admin }) => admin.pubSubNumPat()),
      sum(namesOf('shard'), async ({ admin }, name) => Number((await admin.pubSubShardNumSub([name]))[name])),
    ]);
    return { channels, patterns: patterns.patterns!, shards };
  }

  /** Applies a fault. The network faults that this class supports are killed connections and invalid bytes. */
  async applyFault(fault: Fault): Promise<void> {
    switch (fault.do) {
      case 'kill':
        for (const type of ['pubsub', 'normal'])
          await Promise.all(this.#nodes.map((node) => node.ask('CLIENT', 'KILL', 'TYPE', type)));
        break;
      case 'garble':
        for (const proxy of this.#proxies) proxy.inject(GARBAGE, 'subscribers');
        break;
      case 'unsubscribe':
        this.#unsubscribe(fault.how, fault.subject);
        break;
      case 'move':
        // The handoff of another client: the connections of the subscriptions do not request such notifications.
        channel(HANDOFF).publish({});
        break;
      case 'forbid':
      case 'permit': {
        const name = `${fault.subject.kind} ${fault.subject.name}`;
        if (fault.do === 'forbid') this.#forbidden.add(name);
        else this.#forbidden.delete(name);
        await this.#permit([...rulesWithout(this.#forbidden), `&*${FENCE}`]);
        break;
      }
      default:
        throw new Error(`The fault '${fault.do}' needs a proxy in front of a single server.`);
    }
  }

  /** Permits all names. Killed connections reconnect without help. */
  async removeFaults(): Promise<void> {
    if (this.#forbidden.size === 0) return;
    this.#forbidden.clear();
    await this.#permit(['allchannels']);
  }

  /** Unsubscribes as other code on the same client does. */
  #unsubscribe(how: 'name' | 'all' | 'raw', { kind, name }: Subject): void {
    const method = this.client[COMMANDS[kind].unsubscribe] as (names?: string[]) => unknown;
    void Promise.resolve()
      .then(() => (how === 'all' ? method.call(this.client) : method.call(this.client, [name])))
      .catch(() => undefined);
  }

  async #permit(rules: string[]): Promise<void> {
    await Promise.all(this.#nodes.map(({ admin }) => admin.aclSetUser(USER.username, rules)));
  }

  remainingSubscriptions(): readonly string[] {
    // The client itself carries none of the subscriptions.
    return [];
  }

  isListening(): boolean {
    // The connections of the Receivers do not belong to the client.
    return true;
  }

  listeners(): string {
    return listenersOf(this.client);
  }

  async close(): Promise<void> {
    await this.#fenceReceiver.stop();
    await this.client.destroy();
  }

  /** Publishes on the node where the connection of the fence is: from another node, the message may take longer. */
  #publish({ kind, name }: Target, data: string): Promise<unknown> {
    return until(async () => {
      const fence = this.#fences.find(
        (other) => other.kind === kind && this.#isOnSameConnection(other.name, name),
      )!;
      for (const { admin } of this.#nodes) {
        const count =
          kind === 'shard' ? admin.pubSubShardNumSub([fence.name]) : admin.pubSubNumSub([fence.name]);
        if (Number((await count)[fence.name]) === 0) continue;
        await (kind === 'shard' ? admin.sPublish(name, data) : admin.publish(name, data));
        return true;
      }
      return false;
    });
  }

  #isOnSameConnection(fence: string, name: string): boolean {
    return fence === FENCE || keySlot(fence) === keySlot(name);
  }
}
