import { createClient } from 'redis';
import { Receiver, type GroupMessage, type GroupOptions, type ReceiverEvent } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';

const clientOf = (url: string) => createClient({ url, socket: { reconnectStrategy: () => 5 } });
type Client = ReturnType<typeof clientOf>;

/** A server for all tests of a `describe`; Receivers with clients of their own, and a key, for each test. */
export class GroupScene {
  server!: RedisServer;
  admin!: Client;
  /** A key that no other test uses. */
  key = '';
  /** Events of all Receivers of the test, and errors of their Channels. */
  told: ReceiverEvent[] = [];
  #clients: Client[] = [];
  #receivers: Receiver[] = [];
  #keys = 0;

  constructor() {
    beforeAll(async () => {
      this.server = await RedisServer.start();
      this.admin = clientOf(this.server.url);
      await this.admin.connect();
    });
    beforeEach(() => {
      this.told = [];
      this.key = `jobs:${this.#keys++}`;
    });
    afterEach(async () => {
      await Promise.all(this.#receivers.splice(0).map((receiver) => receiver.stop()));
      for (const client of this.#clients.splice(0)) client.destroy();
    });
    afterAll(async () => {
      this.admin.destroy();
      await this.server.stop();
    });
  }

  readonly newReceiver = async (options = {}, url = this.server.url): Promise<Receiver> => {
    const client = clientOf(url);
    this.#clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    const receiver = new Receiver(client, options);
    this.#receivers.push(receiver);
    const { told } = this;
    receiver.events.subscribe((event) => told.push(event));
    return receiver;
  };

  readonly add = async (...numbers: number[]): Promise<void> => {
    for (const n of numbers) await this.admin.xAdd(this.key, '*', { n: String(n) });
  };

  readonly pending = async () => (await this.admin.xPending(this.key, 'workers')).pending;

  readonly consumers = async () => (await this.admin.xInfoConsumers(this.key, 'workers')).length;

  readonly channelOf = (receiver: Receiver, options: Partial<GroupOptions> = {}) =>
    receiver.stream(this.key, { group: 'workers', ...options, field: undefined, codec: undefined });

  /** Observes the stream as a consumer of the group. */
  readonly join = async (receiver: Receiver, options: Partial<GroupOptions> = {}) => {
    const channel = this.channelOf(receiver, options);
    const received: GroupMessage[] = [];
    const { told } = this;
    const subscription = channel.subscribe({
      next: (message) => received.push(message),
      error: (error: unknown) => told.push(error as never),
    });
    await channel.whenSubscribed();
    return { channel, received, subscription };
  };
}

/** Returns the numbers that were added. */
export const numbers = (messages: readonly GroupMessage[]) => messages.map(({ data }) => Number(data.n));
