import type { Plan } from './plan.js';

/** The flags that `A` stands for, in the order in which Redis writes them: neither `m`, `n`, `o` nor `c` is among them. */
const ALL = 'g$lshzxetd';
/** The flags that some releases of Redis do not show beside `A`: they may be set. */
const HIDDEN = 'noc';
const CHANNEL_FLAGS = 'KESTIV';

/** The flags that a server needs and does not have, and the value to set. */
export interface Lack {
  readonly missing: string;
  /** The configured flags and the missing ones, because other subscribers may need the configured ones. */
  readonly needed: string;
}

/** Compares the value of `notify-keyspace-events` with the flags that a plan needs; returns undefined if it has them all. */
export function lackOf(configured: string, { channelFlag, eventFlags }: Plan): Lack | undefined {
  const flags = new Set(configured.replace('A', ALL + HIDDEN));
  const events = eventFlags ?? ([...flags].some((flag) => !CHANNEL_FLAGS.includes(flag)) ? [] : ['A']);
  const missing = [channelFlag, ...events].filter((flag) => !flags.has(flag)).join('');
  if (missing === '') return undefined;
  const all = new Set(configured + missing);
  if (all.has('A')) for (const flag of ALL) all.delete(flag);
  const isChannelFlag = (flag: string) => CHANNEL_FLAGS.includes(flag);
  const needed = [...[...all].filter(isChannelFlag), ...[...all].filter((flag) => !isChannelFlag(flag))];
  return { missing, needed: needed.join('') };
}
