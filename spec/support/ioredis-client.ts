import { type EventEmitter } from 'node:events';
import { Redis as Redis5 } from 'ioredis5';
import { Redis as Redis6 } from 'ioredis6';
import { Redis as Valkey } from 'iovalkey';
import type { PubSubClient } from '../../lib/index.js';
import { fromIoredis, type IoredisClient } from '../../lib/ioredis/index.js';
import type { LogClient, ScriptOptions } from '../../lib/log/log-client.js';
import { until } from './until.js';
import type { LogTestClient } from './log-test-client.js';
import type { EnvironmentClient } from '../contract/environment.js';

const LIBRARIES = { ioredis5: Redis5, ioredis6: Redis6, iovalkey: Valkey } as unknown as Readonly<
  Record<string, new (url: string, options: object) => IoredisClient & EventEmitter>
>;

export type IoredisLibrary = 'ioredis5' | 'ioredis6' | 'iovalkey';

/** The options of node-redis that have a counterpart in ioredis. */
export interface ClientOptions {
  readonly url: string;
  readonly RESP?: 2 | 3;
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
  readonly socket: { readonly reconnectStrategy: (retries: number) => number | false | Error };
}

/** The members that both versions of node-redis have; the compiler takes long for their own types. */
export interface ServerClient extends EnvironmentClient {
  readonly isReady: boolean;
  ping(): Promise<unknown>;
}

/** The library that `CLIENT` names for the specs of faults and the property tests; undefined for node-redis. */
export function libraryUnderTest(): IoredisLibrary | undefined {
  const library = process.env.CLIENT;
  if (library === undefined || library === '') return undefined;
  if (!(library in LIBRARIES))
    throw new Error(`CLIENT is ${library}, none of ${Object.keys(LIBRARIES).join()}`);
  return library as IoredisLibrary;
}

/** Returns the adapter of a new ioredis client, with the methods that only the tests need. */
export function ioredisClient(
  library: IoredisLibrary,
  { url, RESP, name, username, password, socket }: ClientOptions,
): ServerClient {
  let tries = 0;
  const retryStrategy = () => {
    const delay = socket.reconnectStrategy(tries++);
    return typeof delay === 'number' ? delay : undefined;
  };
  const redis = new LIBRARIES[library]!(url, {
    ...(username !== undefined && { username, password }),
    ...(name !== undefined && { connectionName: name }),
    lazyConnect: true,
    retryStrategy,
    ...(RESP && { protocol: RESP }),
  });
  redis.on('ready', () => (tries = 0));
  const client = fromIoredis(redis);
  const duplicate = client.duplicate.bind(client);
  return Object.assign(client, {
    connect: async () => {
      if (['wait', 'end'].includes(redis.status)) await redis.connect();
      await until(() => client.isReady === true);
    },
    close: () => end(redis),
    destroy: () => redis.disconnect(),
    ping: () => redis.call('ping'),
    unsubscribeAsOthers: (command: string, names: readonly string[]) => redis.call(command, ...names),
    epoch: () => (redis as unknown as { readonly connectionEpoch: number }).connectionEpoch,
    ...countListeners(client, redis),
    duplicate: () => logClient(duplicate(), redis.duplicate({ lazyConnect: true })),
  }) as unknown as ServerClient;
}

const MESSAGE_EVENTS = ['message', 'pmessage', 'smessage'].flatMap((event) => [event, `${event}Buffer`]);

/** Counts the listeners that the adapter has, and those for messages that it has left on the client of ioredis. */
function countListeners(client: PubSubClient, redis: EventEmitter) {
  const counts = new Map<string | symbol, number>();
  const { on, off } = client;
  const count = (event: string, by: number) => counts.set(event, (counts.get(event) ?? 0) + by);
  return {
    on(event: string, listener: (...args: unknown[]) => void) {
      count(event, 1);
      return on.call(client, event, listener);
    },
    off(event: string, listener: (...args: unknown[]) => void) {
      count(event, -1);
      return off.call(client, event, listener);
    },
    eventNames: () => [
      ...[...counts].flatMap(([event, number]) => (number > 0 ? [event] : [])),
      ...MESSAGE_EVENTS.filter((event) => redis.listenerCount(event) > 0),
    ],
    listenerCount: (event: string | symbol) =>
      (counts.get(event) ?? 0) + (MESSAGE_EVENTS.includes(String(event)) ? redis.listenerCount(event) : 0),
  };
}

/** Adds the commands that change a log, which go over a connection of their own. */
function logClient(logs: LogClient, editor: IoredisClient): LogTestClient {
  const destroyed = logs.destroy.bind(logs);
  return Object.assign(logs, {
    eval: (script: string, { keys, arguments: args }: ScriptOptions) =>
      editor.call('eval', script, keys.length, ...keys, ...args),
    xAdd: (key: string, id: string, message: Record<string, string>) =>
      editor.call('xadd', key, id, ...Object.entries(message).flat()),
    xTrim: (key: string, strategy: string, threshold: number) =>
      editor.call('xtrim', key, strategy, threshold),
    xDel: (key: string, ids: string | string[]) => editor.call('xdel', key, ...[ids].flat()),
    del: (keys: string | string[]) => editor.call('del', ...[keys].flat()),
    set: (key: string, value: string) => editor.call('set', key, value),
    destroy: () => {
      destroyed();
      editor.disconnect();
    },
  }) as unknown as LogTestClient;
}

/** Closes a client; resolves when it has ended. */
function end(redis: IoredisClient): Promise<void> {
  return new Promise((resolve) => {
    redis.on('end', () => resolve());
    redis.disconnect();
  });
}
