import type { Message } from '../channel.js';
import type { DeliveredEntry } from '../recovery/followed-channel.js';

/** A message as Redis delivered it, with its parameters if it is one of a topic. */
export type RawMessage = Message<string | Buffer> & {
  readonly topic?: string;
  readonly params?: object;
  /** The field that the entry of a stream lacks. */
  readonly lacks?: string;
};

/** The topic of a Channel: reads the parameters from the name of a channel. */
export interface ChannelTopic {
  readonly topic: string;
  /** True if the Receiver does not merge the messages: they go to the Channel's own observers alone. */
  readonly isSeparate?: boolean;
  /** Returns undefined for a name that the glob of the topic matches, and its template does not. */
  parse(channel: string): object | undefined;
}

/** Creates the message of a Channel; returns undefined if it is not one of the Channel's topic. */
export function rawMessage(
  source: RawMessage['source'],
  topic: ChannelTopic | undefined,
  data: string | Buffer,
  channel: string,
  rawChannel: Buffer | undefined,
  id: string | undefined,
): RawMessage | undefined {
  // The usual case of a recoverable Channel: to copy and extend an object costs more.
  if (id !== undefined && !topic && !rawChannel && !source.isPattern) return { source, channel, id, data };
  const plain = source.isPattern
    ? { source, channel, pattern: source.name, data }
    : { source, channel, data };
  const named = rawChannel ? { ...plain, rawChannel } : plain;
  const raw = id === undefined ? named : { ...named, id };
  if (!topic) return raw;
  const params = parseSafely(topic, channel);
  return params && { ...raw, topic: topic.topic, params };
}

/** Creates the message of an entry of a stream. The data of a whole entry are its fields, which no codec decodes. */
export function entryMessage(
  source: RawMessage['source'],
  key: string,
  { id, fields, data, field, acknowledged }: DeliveredEntry,
): RawMessage {
  const text = (data ?? '') as string | Buffer;
  const raw: RawMessage = fields
    ? { source, channel: key, id, data: text, fields }
    : { source, channel: key, id, data: text };
  // Extended in place, because to copy an object costs more than all the rest.
  if (acknowledged) Object.assign(raw, acknowledged);
  return data === undefined && field !== undefined ? Object.assign(raw, { lacks: field }) : raw;
}

/** Returns whether a message is never dropped: Redis keeps the entries of a stream for which there is no room. */
export function isKept({ source }: RawMessage): boolean {
  return source.kind === 'stream';
}

/** Reads the parameters; a schema that throws must not reach the client's reader. */
function parseSafely(topic: ChannelTopic, channel: string): object | undefined {
  try {
    return topic.parse(channel);
  } catch {
    return undefined;
  }
}

/** Copies a small Buffer that the client cut from a chunk: a waiting message would keep the whole chunk in memory. */
export function unpinned(raw: RawMessage): RawMessage {
  const { data } = raw;
  if (!Buffer.isBuffer(data) || data.buffer.byteLength <= 2 * data.byteLength) return raw;
  return { ...raw, data: Buffer.from(data) };
}
