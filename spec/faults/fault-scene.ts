import { createClient } from 'redis';
import { type Gap, Receiver, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { Ledger } from '../support/ledger.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

export type SceneClient = ReturnType<typeof clientOf>;
type Admin = Awaited<ReturnType<typeof adminOf>>;

export interface SceneOptions {
  readonly RESP?: 2 | 3;
  /** Arguments of the server. */
  readonly args?: readonly string[];
  readonly channels?: readonly string[];
  readonly receiver?: ReceiverOptions<string>;
  /** @default tries again at once, for ever */
  readonly reconnectStrategy?: false | ((retries: number) => number | Error | false);
  readonly credentials?: { readonly username: string; readonly password: string };
}

/**
 * A server of its own; a client that reaches it through a proxy; a Receiver on that, observed from the start; a second
 * client, past the proxy, that publishes numbers; and a ledger of what was sent, heard and announced.
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
    this.receiver.events.subscribe((event) => this.ledger.note(event));
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

  /** Observes the Receiver, and resolves when all its Channels are subscribed. */
  async observe(): Promise<void> {
    this.listen();
    await this.receiver.connect();
  }

  /** Observes the Receiver, until its stream completes or fails. */
  listen(): void {
    this.receiver.subscribe({
      next: ({ source, data }) => this.ledger.hear(source.name, data),
      complete: () => this.ledger.end(),
      error: (error: Error) => this.ledger.end(error),
    });
  }

  /** Publishes the next number on each of the channels. */
  async publish(...channels: readonly string[]): Promise<void> {
    const names = channels.length > 0 ? channels : this.#channels;
    await Promise.all(names.map((name) => this.admin.publish(name, this.ledger.send(name))));
  }

  /** Publishes on all channels until each hears again; resolves when what came last has been heard. */
  async recover(...channels: readonly string[]): Promise<void> {
    const names = channels.length > 0 ? channels : this.#channels;
    await until(() => this.receiver.channels.size > 0 && this.client.isReady, { timeout: 10_000 });
    await Promise.all(names.map((name) => this.receiver.channel(name).whenSubscribed()));
    await this.publish(...names);
    await this.heardAll(names);
  }

  /** Resolves when the last number of each channel has been heard. */
  async heardAll(names: readonly string[] = this.#channels): Promise<void> {
    const isHeard = (name: string) => this.ledger.lastHeard(name) === this.ledger.lastSent(name);
    await until(() => names.every(isHeard), { message: 'the last message of each channel', timeout: 10_000 });
  }

  /** Resolves when the Receiver tells that the connection is lost. */
  async disconnected(): Promise<void> {
    const from = this.events.length;
    await until(() => this.events.slice(from).some(({ type }) => type === 'disconnected'), {
      message: 'disconnected',
    });
  }

  /** The server ends the connections on which Pub/Sub is active: the client's. */
  async kill(): Promise<void> {
    const gone = this.disconnected();
    await this.admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await gone;
  }

  /** The subscriptions that the server has, one line each. */
  async subscriptions(): Promise<string> {
    const channels = await this.admin.sendCommand<string[]>(['PUBSUB', 'CHANNELS']);
    const patterns = await this.admin.pubSubNumPat();
    return [...channels.toSorted(), ...(patterns > 0 ? [`${String(patterns)} patterns`] : [])].join(' ');
  }

  /** A new server on the same port, whether the old one runs or was killed; users and their rights are not kept. */
  async restart(): Promise<void> {
    await this.server.restart();
    this.admin.destroy();
    this.admin = await adminOf(this.server);
  }

  /** The network and the server are well again; a connection that was half open is found dead. */
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

function clientOf({ url }: TcpProxy, { RESP = 3, reconnectStrategy = () => 0, credentials }: SceneOptions) {
  const client = createClient({ url, RESP, socket: { reconnectStrategy }, ...credentials });
  client.on('error', () => undefined);
  return client;
}

function adminOf({ url }: RedisServer) {
  const admin = createClient({ url });
  admin.on('error', () => undefined);
  return admin.connect();
}
