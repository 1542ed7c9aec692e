import type { LogClient, Reply } from '../log/log-client.js';
import {
  isRaw,
  prefixed,
  sendRaw,
  streamsOf,
  type ReadOptions,
  type StreamReply,
} from '../streams/stream-commands.js';

/** The streams of one consumer of a group. */
export interface GroupRead extends ReadOptions {
  readonly group: string;
  readonly consumer: string;
  readonly keys: readonly string[];
}

/** The command of a Redis in memory, which has no raw ones. */
interface MemoryCommands {
  xReadGroup(
    group: string,
    consumer: string,
    streams: { key: string; id: string }[],
    options: { COUNT: number; BLOCK?: number },
  ): Reply<readonly StreamReply[] | null>;
}

/** Reads entries that no consumer has had (XREADGROUP); sent as it is, because node-redis 5 refuses its own command on RESP3. */
export function readGroup(
  client: LogClient,
  { group, consumer, keys, count, block, binary }: GroupRead,
): Reply<readonly StreamReply[] | null> {
  if (!isRaw(client)) {
    const commands = (binary ? client.withTypeMapping({ 36: Buffer }) : client) as unknown as MemoryCommands;
    const streams = keys.map((key) => ({ key, id: '>' }));
    const options = block === undefined ? { COUNT: count } : { COUNT: count, BLOCK: block };
    return commands.xReadGroup(group, consumer, streams, options);
  }
  const names = keys.map((key) => prefixed(client, key));
  const wait = block === undefined ? [] : ['BLOCK', String(block)];
  const options = ['COUNT', String(count), ...wait, 'STREAMS', ...names, ...keys.map(() => '>')];
  const args = ['XREADGROUP', 'GROUP', group, consumer, ...options];
  return sendRaw(client, names[0], args, binary).then((reply) => streamsOf(reply, client));
}
