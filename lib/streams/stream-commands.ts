import { isClusterClient } from '../cluster/cluster-nodes.js';
import { isSentinelClient } from '../cluster/sentinel-topology.js';
import type { PubSubClient } from '../hub/client.js';
import { keySlot } from '../hub/key-slot.js';
import type { LogClient, Reply, StreamEntry } from '../log/log-client.js';

export type Text = string | Buffer;

/** A stream, and the id behind which it is read. */
export interface StreamPlace {
  readonly key: string;
  readonly id: string;
}

export interface ReadOptions {
  /** The largest number of entries of each stream. */
  readonly count: number;
  /** Milliseconds to wait for an entry, 0 for ever; undefined for no wait. */
  readonly block?: number | undefined;
  /** True if the replies have Buffers in place of strings. */
  readonly binary: boolean;
}

/** The entries that were read from one stream. */
export interface StreamReply {
  readonly name: Text;
  readonly messages: readonly StreamEntry[];
}

/** The reply to XINFO STREAM, as far as the position of a Channel needs it. */
export interface StreamInfoReply {
  readonly length: number;
  readonly 'last-generated-id': Text;
  readonly 'first-entry'?: StreamEntry | null;
  readonly 'last-entry'?: StreamEntry | null;
  /** Absent before Redis 7. */
  readonly 'max-deleted-entry-id'?: Text;
  /** Absent before Redis 7. */
  readonly 'entries-added'?: number;
}

/** The commands of a Redis in memory, which has no raw ones. */
interface MemoryCommands {
  xRead(
    streams: readonly StreamPlace[],
    options: { COUNT: number; BLOCK?: number },
  ): Reply<readonly StreamReply[] | null>;
  xInfoStream(key: string): Reply<StreamInfoReply>;
}

/** The forms in which the clients of a server, a cluster and a Sentinel set send a raw command. */
export interface RawClient {
  sendCommand(...args: unknown[]): Promise<unknown>;
  /** Set in front of each key by the client's own commands, from node-redis 6 on. */
  readonly _keyPrefix?: Text | undefined;
}

/** The type of a string in the protocol. */
const BLOB = 36;
/** The type of a map in the protocol: as an array, it is the same with RESP2 and RESP3, and keeps each name. */
const MAP = 37;

/**
 * Reads streams (XREAD). The command is sent as it is, because node-redis 5 refuses its own `xRead` on RESP3. The replies come
 * in the order of the streams; null stands for none.
 */
export function readStreams(
  client: LogClient,
  places: readonly StreamPlace[],
  { count, block, binary }: ReadOptions,
): Reply<readonly StreamReply[] | null> {
  if (!isRaw(client)) {
    const options = block === undefined ? { COUNT: count } : { COUNT: count, BLOCK: block };
    return commandsOf(client, binary).xRead(places, options);
  }
  const wait = block === undefined ? [] : ['BLOCK', String(block)];
  const keys = places.map(({ key }) => prefixed(client, key));
  const ids = places.map(({ id }) => id);
  const args = ['XREAD', 'COUNT', String(count), ...wait, 'STREAMS', ...keys, ...ids];
  return sendRaw(client, keys[0], args, binary).then((reply) => streamsOf(reply, client));
}

/** Reads the state of a stream (XINFO STREAM). */
export function readInfo(client: LogClient, key: string, binary: boolean): Reply<StreamInfoReply> {
  if (!isRaw(client)) return commandsOf(client, binary).xInfoStream(key);
  const name = prefixed(client, key);
  return sendRaw(client, name, ['XINFO', 'STREAM', name], binary).then(infoOf);
}

/** Returns whether the client sends raw commands: all of node-redis do, and a Redis in memory does not. */
export function isRaw(client: LogClient): client is LogClient & RawClient {
  return 'sendCommand' in client;
}

function commandsOf(client: LogClient, binary: boolean): MemoryCommands {
  return (binary ? client.withTypeMapping({ 36: Buffer }) : client) as unknown as MemoryCommands;
}

/** Sends a command to the master that has the key. */
export function sendRaw(
  client: LogClient & RawClient,
  key: Text | undefined,
  args: readonly Text[],
  binary: boolean,
): Promise<unknown> {
  const options = { typeMapping: binary ? { [BLOB]: Buffer, [MAP]: Array } : { [MAP]: Array } };
  const kind = client as unknown as PubSubClient;
  if (isClusterClient(kind)) return client.sendCommand(key, false, args, options);
  return isSentinelClient(kind)
    ? client.sendCommand(false, args, options)
    : client.sendCommand(args, options);
}

/** Returns the hash slot of a stream, with the prefix that the client sets in front of each key. */
export function slotOf(client: PubSubClient, key: string): number {
  return keySlot(String((client as Partial<RawClient>)._keyPrefix ?? '') + key);
}

/** Returns the name of a key on the server. */
export function prefixed({ _keyPrefix: prefix }: RawClient, key: string): Text {
  if (prefix === undefined) return key;
  return typeof prefix === 'string' ? prefix + key : Buffer.concat([prefix, Buffer.from(key)]);
}

/** Takes the streams from a list of pairs, the form of RESP2, or from the list of names and entries that a map becomes. */
export function streamsOf(reply: unknown, { _keyPrefix: prefix = '' }: RawClient): StreamReply[] {
  const list = listOf(reply);
  const flat = Array.isArray(list[0]) ? (list as readonly (readonly unknown[])[]).flat() : list;
  const streams: StreamReply[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = String(flat[index]).slice(String(prefix).length);
    streams.push({ name, messages: (flat[index + 1] as unknown[]).map(entryOf) });
  }
  return streams;
}

function infoOf(raw: unknown): StreamInfoReply {
  const reply = listOf(raw);
  const info: Record<string, unknown> = {};
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const [name, value] = [String(reply[index]), reply[index + 1]];
    info[name] = name.endsWith('-entry') && value ? entryOf(value) : value;
  }
  // The position of a Channel is never taken from the reply to another command.
  if (info['last-generated-id'] === undefined) throw new Error('XINFO STREAM has brought another reply.');
  return info as unknown as StreamInfoReply;
}

/** Takes a map as a list of names and values: ioredis 6 may give an object. */
export function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  return reply instanceof Map ? [...reply].flat() : Object.entries(reply ?? {}).flat();
}

/** Reads an entry from `[id, [field, value, …]]`. */
export function entryOf(raw: unknown): StreamEntry {
  const [id, fields] = raw as readonly [Text, readonly Text[]];
  const message: Record<string, Text> = {};
  for (let index = 0; index < fields.length; index += 2) {
    const [name, value] = [String(fields[index]), fields[index + 1] as Text];
    if (name !== '__proto__') message[name] = value;
    else
      Object.defineProperty(message, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return { id, message };
}
