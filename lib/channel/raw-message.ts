import type { Message } from '../channel.js';

/** A message as Redis delivered it. */
export type RawMessage = Message<string | Buffer>;

/** Copies a small Buffer that the client cut from a chunk: a waiting message would keep the whole chunk in memory. */
export function unpinned(raw: RawMessage): RawMessage {
  const { data } = raw;
  if (typeof data === 'string' || data.buffer.byteLength <= 2 * data.byteLength) return raw;
  return { ...raw, data: Buffer.from(data) };
}
