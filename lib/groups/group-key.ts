import type { GroupConnection } from './group-connection.js';

/** A consumer of a group of one stream, and the connection for its commands. */
export interface GroupKey {
  readonly key: string;
  readonly group: string;
  readonly consumer: string;
  /** True if the entries have Buffers in place of strings. */
  readonly binary: boolean;
  readonly connection: GroupConnection;
}

/** Returns whether the reply says that the group, or the stream with all its groups, is gone. */
export function isNoGroup(reason: string): boolean {
  return reason.startsWith('NOGROUP') || reason.startsWith('UNBLOCKED');
}
