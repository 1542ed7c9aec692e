import type { RegistryType } from '../../../lib/reader/seam.js';

export type Resp = 2 | 3;

type Text = string | Buffer;

const WORDS = {
  CHANNELS: { message: 'message', subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  PATTERNS: { message: 'pmessage', subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  SHARDED: { message: 'smessage', subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
} as const;

/** Joins texts and bytes. */
export function bytesOf(...parts: readonly Text[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

/** Returns a blob string. */
export function blob(text: Text): Buffer {
  const content = bytesOf(text);
  return bytesOf(`$${content.length}\r\n`, content, '\r\n');
}

/** Returns an aggregate of blob strings and of values that are encoded already. */
export function aggregate(type: '*' | '>' | '~', ...items: readonly (Text | number)[]): Buffer {
  const values = items.map((item) => (typeof item === 'number' ? bytesOf(`:${item}\r\n`) : blob(item)));
  return bytesOf(`${type}${items.length}\r\n`, ...values);
}

/** Returns a frame of Pub/Sub: a push on RESP3, and an array on RESP2. */
export function pushOn(resp: Resp, ...items: readonly (Text | number)[]): Buffer {
  return aggregate(resp === 3 ? '>' : '*', ...items);
}

/** Returns a message; a pattern receives it through the channel `'via'`, unless another one is given. */
export function message(
  resp: Resp,
  type: RegistryType,
  name: Text,
  data: Text,
  channel: Text = 'via',
): Buffer {
  const word = WORDS[type].message;
  return type === 'PATTERNS' ? pushOn(resp, word, name, channel, data) : pushOn(resp, word, name, data);
}

/** Returns the acknowledgement of Redis for one name. */
export function acknowledgement(
  resp: Resp,
  verb: 'subscribe' | 'unsubscribe',
  type: RegistryType,
  name: Text,
  count: number,
): Buffer {
  return pushOn(resp, WORDS[type][verb], name, count);
}
