import { createClient } from 'redis';
import { Receiver, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { until } from '../support/until.js';

export const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: () => 5 } });

type Client = ReturnType<typeof clientOf>;

let scenes = 0;

/** A server, a client for Receivers on it, and another client that writes streams. */
export class StreamScene {
  readonly server: RedisServer;
  readonly client: Client;
  readonly admin: Client;
  /** Events of all Receivers of the scene. */
  readonly told: ReceiverEvent[] = [];
  /** A key that no other scene uses. */
  readonly key = `stream:${scenes++}`;
  readonly #receivers: Receiver[] = [];
  readonly #ownsServer: boolean;

  private constructor(server: RedisServer, client: Client, admin: Client, ownsServer: boolean) {
    this.server = server;
    this.client = client;
    this.admin = admin;
    this.#ownsServer = ownsServer;
  }

  /** Opens a scene on a server, or on a new one with these options. */
  static async open(server: RedisServer | RedisServerOptions, url?: string): Promise<StreamScene> {
    const isGiven = server instanceof RedisServer;
    const used = isGiven ? server : await RedisServer.start(server);
    const clients = [clientOf(url ?? used.url), clientOf(used.url)] as const;
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.connect();
    }
    return new StreamScene(used, ...clients, !isGiven);
  }

  receiver(options?: ReceiverOptions<string>): Receiver {
    const receiver = new Receiver(this.client, options);
    receiver.events.subscribe((event) => this.told.push(event));
    this.#receivers.push(receiver);
    return receiver;
  }

  /** Adds entries with these values in the field `n`, and other text in the field `m`. */
  async add(...values: (string | number)[]): Promise<string[]> {
    const ids: string[] = [];
    for (const value of values) ids.push(await this.admin.xAdd(this.key, '*', { n: String(value), m: 'x' }));
    return ids;
  }

  /** The gaps that were announced: their causes and numbers. */
  get gaps() {
    return this.told.filter((event) => event.type === 'gap').map(({ gap }) => [gap.cause, gap.dropped]);
  }

  get failures(): string[] {
    return this.told.filter((event) => event.type === 'recovery-error').map(({ error }) => error.message);
  }

  /** Observes the field `n` of a stream; the list takes the values, and the names of errors. */
  async observe(receiver: Receiver, from?: string, key = this.key): Promise<string[]> {
    const received: string[] = [];
    const channel = receiver.stream(key, { field: 'n', from });
    channel.subscribe({
      next: ({ data }) => received.push(data),
      error: ({ name }: Error) => received.push(name),
    });
    await channel.whenSubscribed();
    return received;
  }

  /** Resolves when a read waits for an entry. */
  async whenBlocked(): Promise<void> {
    await until(async () => !(await this.admin.info('clients')).includes('blocked_clients:0'));
  }

  async close(): Promise<void> {
    await Promise.all(this.#receivers.map((receiver) => receiver.stop()));
    if (this.client.isOpen) this.client.destroy();
    this.admin.destroy();
    if (this.#ownsServer) await this.server.stop();
  }
}
