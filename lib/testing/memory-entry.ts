import type { StreamId } from './stream-id.js';

/** Fields and values of an entry, in order. */
export type StreamFields = readonly (readonly [field: string, value: Buffer])[];

/** Entry of a stream. */
export interface MemoryEntry {
  readonly id: StreamId;
  readonly fields: StreamFields;
}
