import { createClient } from 'redis';
import { type Gap, Receiver, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { Ledger } from '../support/ledger.js';
import { clientUnderTest, type ClientUnderTest } from '../support/client-under-test.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

export type SceneClient = ClientUnderTest;
type Admin = Awaited<ReturnType<typeof adminOf>>;

export interface SceneOptions {
  readonly RESP?: 2 | 3;
  /** Command-line arguments of the server. */
  readonly args?: readonly string[];
  readonly channels?: readonly string[];
  readonly receiver?: ReceiverOptions<string>;
  /** @default reconnects at once, without end */
  readonly reconnectStrategy?: false | ((retries: number) => number | Error | false);
  readonly credentials?: { readonly username: string; readonly password: string };
}

/**
 * A test set-up: a server; a client that reaches the server through a proxy; a Receiver on this client; an admin client
 * that publishes numbers; and a ledger of messages and events.
 */
export class FaultScene implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  readonly client: SceneClient;
  readonly receiver: Receiver;
  admin: Admin;
  readonly #channels: readonly string[];

  private constructor(
    server: RedisServer,
    proxy: TcpProxy,
    client: SceneClient,
    admin: Admin,
    { channels = ['a', 'b'], receiver: options }: SceneOptions,
  ) {
    this.server = server;
    this.proxy = proxy;
    this.client = client;
    this.admin = admin;
    this.#channels = channels;
    this.receiver = new Receiver(client, { autoStop: false, ...options });
    this.receiver.events.subscribe((event) => this.ledger.record(event));
    for (const name of channels) this.receiver.channel(name);
  }

  static async start(options: SceneOptions = {}): Promise<FaultScene> {
    const { args = [], credentials } = options;
    const server = await RedisServer.start({ args });
    const admin = await adminOf(server);
    if (credentials) {
      const { username, password } = credentials;
      await admin.aclSetUser(username, ['on', `>${password}`, '+@all', '~*', 'allchannels']);
    }
    const proxy = await TcpProxy.start(server.port);
    const client = clientOf(proxy, options);
    await client.connect();
    return new FaultScene(server, proxy, client, admin, options);
  }

  get events(): readonly ReceiverEvent[] {
    return this.ledger.events;
  }

  get gaps(): readonly Gap[] {
    return this.ledger.gaps;
  }

  /** Observes the Receiver; resolves when all its Channels are subscribed. */
  async observe(): Promise<void> {
    this.listen();
    await this.receiver.connect();
  }

  /** Observes the Receiver until the stream completes or fails. */
  listen(): void {
    this.receiver.subscribe({
      next: ({ source, data }) => this.ledger.receive(source.name, data),
      complete: () => this.ledger.end(),
      error: (error: Error) => this.ledger.end(error),
    });
  }

  /** Publishes the next number on each of the channels. */
  async publish(...channels: readonly string[]): Promise<void> {
    const names = channels.length > 0 ? channels : this.#channels;
    await Promise.all(names.map((name) => this.admin.publish(name, this.ledger.send(name))));
  }

  /** Publishes on all channels until each receives messages again; resolves when the last ones have been received. */
  async recover(...channels: readonly string[]): Promise<void> {
    const names = channels.length > 0 ? channels : this.#channels;
    await until(() => this.receiver.channels.size > 0 && this.client.isReady, { timeout: 10_000 });
    await Promise.all(names.map((name) => this.receiver.channel(name).whenSubscribed()));
    await this.publish(...names);
    await this.allReceived(names);
  }

  /** Resolves when the last number of each channel has been received. */
  async allReceived(names: readonly string[] = this.#channels): Promise<void> {
    const isReceived = (name: string) => this.ledger.lastReceived(name) === this.ledger.lastSent(name);
    await until(() => names.every(isReceived), {
      message: 'the last message of each channel',
      timeout: 10_000,
    });
  }

  /** Resolves when the Receiver reports that the connection is lost. */
  async disconnected(): Promise<void> {
    const from = this.events.length;
    await until(() => this.events.slice(from).some(({ type }) => type === 'disconnected'), {
      message: 'disconnected',
    });
  }

  /** Makes the server close the client's connection, on which Pub/Sub is active. */
  async kill(): Promise<void> {
    const gone = this.disconnected();
    await this.admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await gone;
  }

  /** Returns the subscriptions of the server, joined by spaces. */
  async subscriptions(): Promise<string> {
    const channels = await this.admin.sendCommand<string[]>(['PUBSUB', 'CHANNELS']);
    const patterns = await this.admin.pubSubNumPat();
    return [...channels.toSorted(), ...(patterns > 0 ? [`${String(patterns)} patterns`] : [])].join(' ');
  }

  /** Starts a new server on the same port, whether the old one runs or was killed; users and their rights are lost. */
  async restart(): Promise<void> {
    await this.server.restart();
    this.admin.destroy();
    this.admin = await adminOf(this.server);
  }

  /** Ends the faults of the network and the server; a half-open connection is found dead. */
  async heal(): Promise<void> {
    for (const direction of ['to-client', 'to-server'] as const) this.proxy.release(direction);
    this.proxy.reopen();
    this.server.thaw();
    if (!this.server.isRunning) await this.restart();
    this.proxy.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.heal();
    await this.receiver.stop();
    if (this.client.isOpen) this.client.destroy();
    if (this.admin.isOpen) this.admin.destroy();
    await this.proxy[Symbol.asyncDispose]();
    await this.server.stop();
  }
}

function clientOf(
  { url }: TcpProxy,
  { RESP = 3, reconnectStrategy = () => 0, credentials }: SceneOptions,
): ClientUnderTest {
  return clientUnderTest({
    url,
    RESP,
    ...credentials,
    socket: { reconnectStrategy: reconnectStrategy || (() => false) },
  });
}

function adminOf({ url }: RedisServer) {
  const admin = createClient({ url });
  admin.on('error', () => undefined);
  return admin.connect();
}
