import type { LogClient, Reply, StreamEntry } from './log-client.js';

/** Stream to read, and the id behind which to read. */
export interface StreamPlace {
  key: string;
  id: string;
}

/** Options of a read. */
export interface ReadOptions {
  /** Most entries of each stream. */
  COUNT?: number;
  /** Milliseconds to wait for an entry, 0 for ever. */
  BLOCK?: number;
}

/** Entries of one stream, in the reply to a read. */
export interface StreamReply {
  readonly name: string | Buffer;
  readonly messages: readonly StreamEntry[];
}

/** Commands with which streams are read. */
export interface StreamCommands {
  /** Replies what {@link streamReplies} reads: node-redis 5 on RESP3 has another form, and so no type. */
  xRead(streams: StreamPlace[], options?: ReadOptions): Reply<unknown>;
}

/** Client that reads streams. */
export interface StreamClient extends LogClient, StreamCommands {
  withTypeMapping(mapping: { 36: typeof Buffer }): ReturnType<LogClient['withTypeMapping']> & StreamCommands;
}

/** Returns the reply to a read in one form: node-redis 5 leaves replies on RESP3 as they come. */
export function streamReplies(reply: unknown): readonly StreamReply[] {
  if (reply === null || reply === undefined) return [];
  if (Array.isArray(reply)) return (reply as readonly (StreamReply | Text | RawEntry[])[]).flatMap(fromArray);
  const streams = reply instanceof Map ? [...(reply as Map<Text, RawEntry[]>)] : Object.entries(reply);
  return streams.map(([name, entries]) => ({ name, messages: (entries as RawEntry[]).map(fromRaw) }));
}

type Text = string | Buffer;
type RawEntry = readonly [id: Text, fields: readonly Text[] | null];

/** Takes a stream of an array: an object, or a name that its entries follow. */
function fromArray(
  item: StreamReply | Text | RawEntry[],
  index: number,
  all: readonly (StreamReply | Text | RawEntry[])[],
): StreamReply[] {
  if (typeof item === 'object' && 'messages' in item) return [item];
  if (index % 2 === 1) return [];
  return [{ name: item as Text, messages: (all[index + 1] as RawEntry[]).map(fromRaw) }];
}

function fromRaw([id, fields]: RawEntry): StreamEntry {
  const message: Record<string, Text> = {};
  for (let index = 0; fields && index < fields.length; index += 2)
    message[String(fields[index])] = fields[index + 1] ?? '';
  return { id, message };
}
