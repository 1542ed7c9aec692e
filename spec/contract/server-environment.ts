import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import {
  ioredisClient,
  type ClientOptions,
  type IoredisLibrary,
  type ServerClient,
} from '../support/ioredis-client.js';
import {
  ALL_ABILITIES,
  type Outsider,
  type RedisEnvironment,
  type EnvironmentClient,
  type EnvironmentKind,
} from './environment.js';

type Create = (options: ClientOptions) => ServerClient;

const USER = { username: 'tested', password: 'secret' };

/**
 * Returns an environment with a real redis-server. Clients reach it through a proxy; the environment itself connects
 * directly.
 */
export function serverEnvironment(name: string, version: 5 | 6, RESP?: 2 | 3): EnvironmentKind {
  const create = (version === 6 ? createClient : createClient5) as unknown as Create;
  const start = () => ServerEnvironment.start((options) => create(RESP ? { ...options, RESP } : options));
  return { name, abilities: ALL_ABILITIES, start };
}

/** Returns an environment with a real redis-server, whose clients are those of ioredis or iovalkey. */
export function ioredisEnvironment(name: string, library: IoredisLibrary, RESP?: 2): EnvironmentKind {
  const abilities = { ...ALL_ABILITIES, nodeRedis: false };
  return {
    name,
    abilities,
    start: () =>
      ServerEnvironment.start((options) => ioredisClient(library, RESP ? { ...options, RESP } : options)),
  };
}

type Admin = Awaited<ReturnType<typeof adminOf>>;

function adminOf({ url }: RedisServer) {
  return createClient({ url }).connect();
}

class ServerEnvironment implements RedisEnvironment {
  readonly #create: Create;
  readonly #server: RedisServer;
  readonly #proxy: TcpProxy;
  readonly #admin: Admin;
  readonly #withoutRetries = new Set<string>();
  #heldSince: number | undefined;
  #clients: { readonly name: string; readonly client: ServerClient }[] = [];

  private constructor(create: Create, server: RedisServer, proxy: TcpProxy, admin: Admin) {
    this.#create = create;
    this.#server = server;
    this.#proxy = proxy;
    this.#admin = admin;
  }

  static async start(create: Create): Promise<ServerEnvironment> {
    const server = await RedisServer.start();
    const admin = await adminOf(server);
    const environment = new ServerEnvironment(create, server, await TcpProxy.start(server.port), admin);
    await environment.reset();
    return environment;
  }

  async client(): Promise<EnvironmentClient> {
    const name = `client-${this.#clients.length}`;
    const reconnectStrategy = () => (this.#withoutRetries.has(name) ? false : 5);
    const client = this.#create({ url: this.#proxy.url, name, ...USER, socket: { reconnectStrategy } });
    client.on('error', () => undefined);
    this.#clients.push({ name, client });
    await client.connect();
    return client;
  }

  publish(channel: string, data: string | Buffer): Promise<number> {
    return this.#admin.publish(channel, data);
  }

  sPublish(channel: string, data: string | Buffer): Promise<number> {
    return this.#admin.sPublish(channel, data);
  }

  async subscribers(...[kind, name]: Parameters<RedisEnvironment['subscribers']>): Promise<number> {
    if (kind === 'pattern') return this.#admin.pubSubNumPat();
    const counts = await (kind === 'channel'
      ? this.#admin.pubSubNumSub([name])
      : this.#admin.pubSubShardNumSub([name]));
    return counts[name] ?? 0;
  }

  fence(client: EnvironmentClient): Promise<unknown> {
    return (client as ServerClient).ping();
  }

  async refuse(_refused: readonly string[], permitted: readonly string[]): Promise<void> {
    await this.#admin.aclSetUser(USER.username, ['resetchannels', ...permitted.map((name) => `&${name}`)]);
  }

  async refuseKeys(_refused: readonly string[], permitted: readonly string[]): Promise<void> {
    await this.#admin.aclSetUser(USER.username, ['resetkeys', ...permitted.map((key) => `~${key}`)]);
  }

  outsider(): Outsider {
    return this.#admin;
  }

  withhold(): void {
    this.#heldSince = this.#proxy.seen('to-server');
    this.#proxy.hold('to-server');
  }

  acknowledge(): void {
    this.#heldSince = undefined;
    this.#proxy.release('to-server');
  }

  async break(): Promise<void> {
    const since = this.#heldSince;
    // A client writes its commands one turn later. Commands that it has not written before the break would follow after
    // it.
    if (since !== undefined) await until(() => this.#proxy.seen('to-server') > since);
    this.#proxy.close();
    this.#proxy.cut();
    this.acknowledge();
    await until(() => this.#open.every(({ client }) => !client.isReady));
  }

  async heal(): Promise<void> {
    this.#proxy.reopen();
    await until(() => this.#open.every(({ client }) => client.isReady));
  }

  async giveUp(client: EnvironmentClient): Promise<void> {
    const { name } = this.#clients.find((one) => one.client === client)!;
    this.#withoutRetries.add(name);
    const list = await this.#admin.sendCommand<string>(['CLIENT', 'LIST']);
    const id = new RegExp(`^id=(\\d+) .* name=${name} `, 'm').exec(list)![1]!;
    await this.#admin.sendCommand(['CLIENT', 'KILL', 'ID', id]);
    await until(() => !client.isOpen);
  }

  async reset(): Promise<void> {
    for (const { client } of this.#open) client.destroy();
    this.#clients = [];
    this.#withoutRetries.clear();
    this.acknowledge();
    this.#proxy.reopen();
    const { username, password } = USER;
    await this.#admin.aclSetUser(username, ['reset', 'on', `>${password}`, '+@all', '~*', 'allchannels']);
    await until(async () => (await this.#admin.sendCommand<string[]>(['PUBSUB', 'CHANNELS'])).length === 0);
    await until(async () => (await this.#admin.pubSubNumPat()) === 0);
  }

  async stop(): Promise<void> {
    for (const { client } of this.#open) client.destroy();
    this.#admin.destroy();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#server.stop();
  }

  get #open() {
    return this.#clients.filter(({ client }) => client.isOpen);
  }
}
