import type { RedisClientOptions, RedisFunctions, RedisModules, RedisScripts, RespVersions } from 'redis';
import type { PubSubClient } from '../hub/client.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/** The options of node-redis's `createClient`, of either protocol. */
export type OpenOptions = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, RespVersions>;

type OwnedClient = PubSubClient & { connect(): Promise<unknown>; destroy(): void };

/** Milliseconds without a word after which the server is asked for one. */
const PING_INTERVAL = 5_000;
/** Milliseconds without a word, the answers to those included, after which the connection counts as dead. */
const SOCKET_TIMEOUT = 15_000;
const SHORTEST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/** Makes a client that notices a half-open connection and never gives up, and connects it. */
export async function openClient(
  redis: string | OpenOptions = {},
  signal?: AbortSignal,
): Promise<OwnedClient> {
  if (typeof redis !== 'string' && (typeof redis !== 'object' || (redis as object | null) === null)) {
    throw invalidArgument('what Receiver.open connects to', 'a URL or the options of createClient', redis);
  }
  const { createClient } = await import('redis');
  signal?.throwIfAborted();
  const options = typeof redis === 'string' ? { url: redis } : redis;
  const client = createClient({
    pingInterval: PING_INTERVAL,
    ...options,
    socket: { socketTimeout: SOCKET_TIMEOUT, reconnectStrategy, ...options.socket },
  }) as unknown as OwnedClient;
  await connect(client, signal);
  return client;
}

/** Exponential, at most 2 seconds, with up to half of it taken off at random, so that clients do not come all at once. */
function reconnectStrategy(retries: number): number {
  const longest = Math.min(SHORTEST_WAIT * 2 ** retries, LONGEST_WAIT);
  return longest * (0.5 + Math.random() / 2);
}

function connect(client: OwnedClient, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let isConnecting = true;
    const settle = (outcome: () => void) => {
      isConnecting = false;
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    const giveUp = (reason: unknown) => {
      closeClient(client);
      settle(() => reject(reason));
    };
    const onAbort = () => giveUp(signal?.reason);
    // A client without a listener for 'error' throws it at the process: this one stays.
    client.on('error', (error) => {
      if (isConnecting && isRefusal(error)) giveUp(error);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    client.connect().then(() => settle(resolve), giveUp);
  });
}

export function closeClient(client: OwnedClient): void {
  if (client.isOpen) client.destroy();
}

/** Redis answered, and said no for good: a wrong password, a user without the permission. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && /^(NOAUTH|WRONGPASS|NOPERM|ERR (?!max number of clients)) ?/.test(error.message)
  );
}
