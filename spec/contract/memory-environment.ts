import { MemoryPubSub, type MemoryPubSubOptions } from '../../lib/testing/index.js';
import { until } from '../support/until.js';
import {
  ALL_ABILITIES,
  type Outsider,
  type RedisEnvironment,
  type EnvironmentClient,
  type EnvironmentKind,
} from './environment.js';

/** Returns an environment with a Redis in memory, and any number of clients. */
export function memoryEnvironment(name: string, options: MemoryPubSubOptions = {}): EnvironmentKind {
  return { name, abilities: ALL_ABILITIES, start: () => Promise.resolve(new MemoryEnvironment(options)) };
}

class MemoryEnvironment implements RedisEnvironment {
  readonly #root: MemoryPubSub;
  #clients: MemoryPubSub[] = [];
  #refused: readonly string[] = [];

  constructor(options: MemoryPubSubOptions) {
    this.#root = new MemoryPubSub(options);
  }

  client(): Promise<EnvironmentClient> {
    const client = this.#root.duplicate();
    for (const name of this.#refused) client.forbidden.add(name);
    client.on('error', () => undefined);
    this.#clients.push(client);
    return Promise.resolve(client);
  }

  publish(channel: string, data: string | Buffer): Promise<number> {
    return Promise.resolve(this.#root.publish(channel, data));
  }

  sPublish(channel: string, data: string | Buffer): Promise<number> {
    return Promise.resolve(this.#root.sPublish(channel, data));
  }

  subscribers(...[kind, name]: Parameters<RedisEnvironment['subscribers']>): Promise<number> {
    const having = this.#clients.filter((client) => client.subscriptions(kind).includes(name));
    return Promise.resolve(having.length);
  }

  fence(): Promise<unknown> {
    return Promise.resolve();
  }

  refuse(names: readonly string[]): Promise<void> {
    this.#refused = names;
    for (const { forbidden } of this.#clients) {
      forbidden.clear();
      for (const name of names) forbidden.add(name);
    }
    return Promise.resolve();
  }

  refuseKeys(keys: readonly string[]): Promise<void> {
    this.#root.forbiddenKeys.clear();
    for (const key of keys) this.#root.forbiddenKeys.add(key);
    return Promise.resolve();
  }

  outsider(): Outsider {
    return this.#root;
  }

  withhold(): void {
    for (const client of this.#clients) client.withhold();
  }

  acknowledge(): void {
    for (const client of this.#clients) client.acknowledge();
  }

  break(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    this.acknowledge();
    return Promise.resolve();
  }

  async heal(): Promise<void> {
    // Repeats the attempts, as node-redis does.
    await until(() => this.#clients.every((client) => !client.isOpen || client.reconnect()));
  }

  giveUp(client: EnvironmentClient): Promise<void> {
    (client as MemoryPubSub).giveUp();
    return Promise.resolve();
  }

  async reset(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#clients = [];
    await this.refuse([]);
    await this.refuseKeys([]);
  }

  stop(): Promise<void> {
    return this.reset();
  }
}
