import type { MemoryKeyspace } from './memory-keyspace.js';
import type { StreamFields } from './memory-entry.js';
import { NONCE_FIELD, PAYLOAD_FIELD } from '../log/append-script.js';
import { ENVELOPE_MARK } from '../log/envelope.js';

export type PublishVerb = 'PUBLISH' | 'SPUBLISH';

/** Arguments of the script that appends a message to a log. */
export interface Append {
  readonly log: string;
  readonly verb: PublishVerb;
  readonly channel: string;
  readonly payload: Buffer;
  readonly nonce: Buffer;
  /** Number of messages that the log keeps. */
  readonly keep: number;
  /** Milliseconds after which an idle log is deleted, or 0. */
  readonly keepFor: number;
  /** Epoch and number of the last message that the publisher knows, or 0 and 0. */
  readonly epoch: string;
  readonly number: number;
}

/** Does the work of the script, in one step. Returns the id of the message, and the number of its receivers. */
export function appendToLog(
  keys: MemoryKeyspace,
  append: Append,
  publish: (verb: PublishVerb, channel: string, data: Buffer) => number,
): [id: string, receivers: number] {
  const { log, verb, channel, payload, nonce } = append;
  const id = appendEntry(keys, append);
  if (append.keepFor > 0) keys.expire(log, append.keepFor);
  const header = Buffer.from(`${ENVELOPE_MARK}${id} ${String(nonce)}\n`);
  return [id, publish(verb, channel, Buffer.concat([header, payload]))];
}

function appendEntry(keys: MemoryKeyspace, { log, payload, nonce, keep, epoch, number }: Append): string {
  const fields: StreamFields = [
    [PAYLOAD_FIELD, payload],
    [NONCE_FIELD, nonce],
  ];
  const add = (inEpoch: string) => keys.addToExisting(log, `${inEpoch}-*`, fields, keep);
  const addFirst = (first: 1 | 2) =>
    keys.add(log, `${Math.max(keys.now(), Number(epoch) + 1)}-${first}`, fields);

  const id = epoch === '0' ? undefined : unlessStale(() => add(epoch));
  if (id === undefined) {
    const last = keys.has(log) ? String(keys.info(log).lastId.ms) : '0';
    return (last === '0' ? undefined : add(last)) ?? addFirst(1);
  }
  if (numberOf(id) > number) return id;
  keys.deleteEntries(log, [id]);
  // The followers of the log see the loss as a hole.
  return addFirst(2);
}

function numberOf(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1));
}

/** Returns undefined where the log has a later epoch. */
function unlessStale(add: () => string | undefined): string | undefined {
  try {
    return add();
  } catch (error) {
    if ((error as Error).message.includes('equal or smaller')) return undefined;
    throw error;
  }
}
