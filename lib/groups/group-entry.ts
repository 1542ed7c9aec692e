import type { StreamEntry } from '../log/log-client.js';
import type { EntryFields } from './group-commands.js';

/** An entry that was delivered to this consumer. */
export interface GroupEntry {
  readonly id: string;
  readonly fields: EntryFields;
  /** How often the entry has been delivered to any consumer, this time included. */
  readonly deliveries: number;
}

/** The last entry that a group has delivered; its fields where they are known. */
export type LastEntry = Pick<GroupEntry, 'id'> & Partial<GroupEntry>;

export function toGroupEntry({ id, message }: StreamEntry, deliveries: number): GroupEntry {
  return { id: String(id), fields: message as EntryFields, deliveries };
}

/** Returns the bytes of the names and values of an entry, at least roughly. */
export function sizeOfEntry({ fields }: GroupEntry): number {
  let size = 0;
  for (const [name, value] of Object.entries(fields)) size += name.length + value.length;
  return size;
}
