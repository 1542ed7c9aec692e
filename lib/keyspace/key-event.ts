/** The names of the events that Redis documents, by the flag of `notify-keyspace-events` that turns them on. */
export const EVENTS = {
  g: [
    ...['del', 'expire', 'persist', 'rename_from', 'rename_to', 'move_from', 'move_to', 'copy_to', 'restore'],
  ],
  $: ['set', 'append', 'setrange', 'incrby', 'incrbyfloat', 'setbit', 'pfadd'],
  l: ['lpush', 'rpush', 'lpop', 'rpop', 'linsert', 'lset', 'lrem', 'ltrim', 'sortstore'],
  s: ['sadd', 'srem', 'spop', 'sinterstore', 'sunionstore', 'sdiffstore'],
  h: ['hset', 'hdel', 'hincrby', 'hincrbyfloat', 'hexpire', 'hexpired', 'hpersist'],
  z: [
    ...['zadd', 'zincr', 'zrem', 'zpopmin', 'zpopmax', 'zremrangebyscore', 'zremrangebyrank'],
    ...['zremrangebylex', 'zinterstore', 'zunionstore', 'zdiffstore', 'zrangestore', 'geosearchstore'],
  ],
  t: [
    ...['xadd', 'xdel', 'xtrim', 'xsetid', 'xgroup-create', 'xgroup-createconsumer', 'xgroup-delconsumer'],
    ...['xgroup-destroy', 'xgroup-setid'],
  ],
  x: ['expired'],
  e: ['evicted'],
  m: ['keymiss'],
  n: ['new'],
  o: ['overwritten'],
  c: ['type_changed'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The flag of a class of events. */
export type EventFlag = keyof typeof EVENTS;

/** The name of an event that Redis documents, such as `'set'` or `'expired'`. */
export type KnownKeyEvent = (typeof EVENTS)[EventFlag][number];

/** The name of an event: one that Redis documents, or another, as those of modules are. */
export type KeyEvent = KnownKeyEvent | (string & {});

/** Returns the flag that turns an event on; undefined for an event that Redis does not document. */
export function flagOf(event: string): EventFlag | undefined {
  const flags = Object.keys(EVENTS) as EventFlag[];
  return flags.find((flag) => (EVENTS[flag] as readonly string[]).includes(event));
}
