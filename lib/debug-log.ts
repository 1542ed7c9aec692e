import { debuglog } from 'node:util';

/** The number of names in a line; the rest is counted. */
const MOST_NAMES = 5;

const debug = debuglog('rx-redis-receiver');

/** True with `NODE_DEBUG=rx-redis-receiver`. */
export const isDebugging = debug.enabled;

/** Prints a line with `NODE_DEBUG=rx-redis-receiver`; without it, the line is not made. */
export function debugLog(line: () => string): void {
  if (isDebugging) debug('%s', line().replace(/\s*\n\s*/g, ' '));
}

/** A name and its kind: a Channel, or a subscription of a hub. */
interface Named {
  readonly kind: string;
  readonly name: string;
}

/** Returns a name for a line, in which it takes no more than one line. */
export function title({ kind, name }: Named): string {
  return `${kind} ${JSON.stringify(name)}`;
}

/** Returns the names of several subscriptions, or the first of them and the number of the others. */
export function titles(all: readonly Named[]): string {
  const shown = all.slice(0, MOST_NAMES).map(title).join(', ');
  return all.length > MOST_NAMES ? `${shown} and ${all.length - MOST_NAMES} more` : shown;
}
