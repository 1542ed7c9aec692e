import type { StreamEntry } from '../log/log-client.js';

/** The reply to XINFO STREAM, as far as the position of a Channel needs it. */
export interface StreamInfoReply {
  readonly length: number;
  readonly 'last-generated-id': string | Buffer;
  readonly 'first-entry'?: StreamEntry | null;
  /** Absent before Redis 7. */
  readonly 'max-deleted-entry-id'?: string | Buffer;
  /** Absent before Redis 7. */
  readonly 'entries-added'?: number;
}

/** The state of a stream. */
export interface StreamInfo {
  /** The number of entries that it has. */
  readonly length: number;
  /** The last id that it has ever had. */
  readonly last: string;
  /** The id of its first entry; undefined if it has none. */
  readonly first: string | undefined;
  /** The largest id that XDEL has deleted. */
  readonly deleted: string | undefined;
  /** The number of entries that it has ever had; undefined before Redis 7. */
  readonly added: number | undefined;
}

export function streamInfo(reply: StreamInfoReply): StreamInfo {
  const { length, 'entries-added': added, 'max-deleted-entry-id': deleted } = reply;
  const first = reply['first-entry']?.id;
  return {
    length,
    last: String(reply['last-generated-id']),
    first: first === undefined ? undefined : String(first),
    deleted: deleted === undefined ? undefined : String(deleted),
    added,
  };
}
