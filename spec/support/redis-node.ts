import { createClient } from 'redis';
import { RedisServer } from './redis-server.js';

type Client = Awaited<ReturnType<typeof connectTo>>;

function connectTo(server: RedisServer) {
  const client = createClient({
    url: server.url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: () => 20 },
  });
  client.on('error', () => undefined);
  return client.connect();
}

/** One of several servers, with an admin connection of the test. */
export class RedisNode {
  readonly server: RedisServer;
  readonly admin: Client;

  private constructor(server: RedisServer, admin: Client) {
    this.server = server;
    this.admin = admin;
  }

  static async start(args: readonly string[]): Promise<RedisNode> {
    const server = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0', ...args] });
    return new RedisNode(server, await connectTo(server));
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  get port(): number {
    return this.server.port;
  }

  async ask(...args: string[]): Promise<string> {
    return `${await this.admin.sendCommand<string | number>(args)}`;
  }

  /** Returns a field of INFO or CLUSTER INFO; undefined while the server does not reply. */
  async field(name: string, ...command: string[]): Promise<string | undefined> {
    const text = await this.ask(...command).catch(() => '');
    return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  }

  async stop(): Promise<void> {
    this.admin.destroy();
    await this.server.stop();
  }
}
