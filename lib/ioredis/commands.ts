import type { ScriptOptions } from '../log/log-client.js';
import type { IoredisClient } from './ioredis-client.js';

type Caller = Pick<IoredisClient, 'call'>;

/** Publishes a message; resolves to the number of subscribers that Redis has counted. */
export async function publish(
  redis: Caller,
  command: 'publish' | 'spublish',
  channel: string,
  message: string | Buffer,
): Promise<number> {
  return Number(await redis.call(command, channel, message));
}

/**
 * Runs a script. ioredis puts its `keyPrefix` before the keys and before sharded channels, but cannot know the channel in a
 * script.
 */
export function runScript(
  redis: Caller,
  prefix: string,
  command: 'eval' | 'evalsha',
  script: string,
  { keys, arguments: args }: ScriptOptions,
): Promise<unknown> {
  const [verb, channel, ...rest] = args;
  const prefixed =
    verb === 'SPUBLISH' && channel !== undefined ? [verb, prefix + String(channel), ...rest] : args;
  return redis.call(command, script, keys.length, ...keys, ...prefixed);
}
