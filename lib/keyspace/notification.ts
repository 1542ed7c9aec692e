import type { KeyEvent } from './key-event.js';

/** A change of a key, as a keyspace notification of Redis reports it. */
export interface KeyNotification<K extends string | Buffer = string, E extends KeyEvent = KeyEvent> {
  /** The name of the event. */
  readonly event: E;
  /** The key. */
  readonly key: K;
  /** The number of the database. */
  readonly db: number;
}

/** A change of fields of a hash. */
export interface SubkeyNotification<
  K extends string | Buffer = string,
  E extends KeyEvent = KeyEvent,
> extends KeyNotification<K, E> {
  /** The changed fields, in the order of Redis; a field may occur more than once. */
  readonly subkeys: readonly K[];
}

/** A notification as bytes. */
export interface RawNotification {
  readonly event: string;
  readonly key: Buffer;
  readonly db: number;
  readonly subkeys: readonly Buffer[] | undefined;
}

/** The names of the channels of notifications, by the content of their names: keys or events. */
export type Family = 'space' | 'event';

const NAME = /^__(sub)?key(space|event)@(\d+)__:([^]*)$/;

/** Reads a notification from the bytes of its channel's name and of its payload; returns undefined for another message. */
export function parseNotification(channel: Buffer, data: Buffer): RawNotification | undefined {
  const [, sub, family, database, rest] = NAME.exec(channel.toString('latin1')) ?? [];
  if (family === undefined || rest === undefined) return undefined;
  const db = Number(database);
  const named = Buffer.from(rest, 'latin1');
  if (sub === undefined) {
    const [key, event] = family === 'space' ? [named, data] : [data, named];
    return { event: event.toString(), key, db, subkeys: undefined };
  }
  if (family === 'event') {
    const key = readSized(data, 0);
    const subkeys = key && data[key.next] === BAR ? readList(data, key.next + 1) : undefined;
    return key && subkeys && { event: named.toString(), key: key.value, db, subkeys };
  }
  const bar = data.indexOf(BAR);
  const subkeys = bar < 0 ? undefined : readList(data, bar + 1);
  return subkeys && { event: data.subarray(0, bar).toString(), key: named, db, subkeys };
}

const COLON = 0x3a;
const COMMA = 0x2c;
const BAR = 0x7c;

/** Reads `length:bytes`; returns undefined if the data has another form. */
function readSized(data: Buffer, at: number): { readonly value: Buffer; readonly next: number } | undefined {
  const colon = data.indexOf(COLON, at);
  const digits = colon < 0 ? '' : data.toString('latin1', at, colon);
  if (!/^\d{1,10}$/.test(digits)) return undefined;
  const next = colon + 1 + Number(digits);
  return next > data.length ? undefined : { value: data.subarray(colon + 1, next), next };
}

/** Reads `length:bytes[,length:bytes…]`. */
function readList(data: Buffer, start: number): readonly Buffer[] | undefined {
  const list: Buffer[] = [];
  for (let at = start; ;) {
    const sized = readSized(data, at);
    if (!sized) return undefined;
    list.push(sized.value);
    if (sized.next === data.length) return list;
    if (data[sized.next] !== COMMA) return undefined;
    at = sized.next + 1;
  }
}
