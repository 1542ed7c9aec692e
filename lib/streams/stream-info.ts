import type { StreamEntry } from '../log/log-client.js';
import type { StreamInfoReply } from './stream-commands.js';

/** An entry, and a text that tells it from another entry with the same id in a stream that was created anew. */
export interface EntryMark {
  readonly id: string;
  readonly print: string;
}

/** The state of a stream. */
export interface StreamInfo {
  /** The last id that it has ever had. */
  readonly last: string;
  /** The entry that has this id, if the stream still has it. */
  readonly newest: EntryMark | undefined;
  /** The first entry; undefined if there is none. */
  readonly first: EntryMark | undefined;
  /** The largest id that XDEL has deleted. */
  readonly deleted: string | undefined;
  /** The number of entries that the stream has ever had; undefined before Redis 7. */
  readonly added: number | undefined;
  /** How many of them it does not have any more; undefined before Redis 7. */
  readonly removed: number | undefined;
}

export function streamInfo(reply: StreamInfoReply): StreamInfo {
  const { length, 'entries-added': added, 'max-deleted-entry-id': deleted } = reply;
  return {
    last: String(reply['last-generated-id']),
    newest: markOf(reply['last-entry']),
    first: markOf(reply['first-entry']),
    deleted: deleted === undefined ? undefined : String(deleted),
    added,
    removed: added === undefined ? undefined : added - length,
  };
}

const MOST_FIELDS = 8;
const MOST = 48;

/** Returns a short text of the content: sizes, and the beginnings of the first fields. */
export function printOf(message: StreamEntry['message']): string {
  let print = '';
  let fields = 0;
  for (const name in message) {
    if (fields++ >= MOST_FIELDS) continue;
    const value = message[name] ?? '';
    const head = typeof value === 'string' ? value.slice(0, MOST) : value.toString('latin1', 0, MOST);
    print += `${name}=${value.length}:${head};`;
  }
  return `${fields};${print}`;
}

function markOf(entry: StreamEntry | null | undefined): EntryMark | undefined {
  return entry ? { id: String(entry.id), print: printOf(entry.message) } : undefined;
}
