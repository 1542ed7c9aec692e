import type { ChannelKind } from '../channel-kind.js';
import { flagOf } from './key-event.js';
import { keyMatcher, type KeyMatcher } from './key-matcher.js';
import { listOf, type KeyspaceOptions } from './keyspace-options.js';
import type { Family, RawNotification } from './notification.js';

/** A name to subscribe, and the notifications that are taken from it. */
export interface PlannedSource {
  readonly kind: ChannelKind;
  readonly name: string;
  readonly takes: (notification: RawNotification) => boolean;
}

/** The subscriptions for a choice of keys and events, and the flags that the server needs for them. */
export interface Plan {
  readonly sources: readonly PlannedSource[];
  /** The flag of the channels, such as `K`. */
  readonly channelFlag: string;
  /** The flags of the events; undefined if any will do. */
  readonly eventFlags: readonly string[] | undefined;
}

/** The variable end of a name: a key or an event. */
interface Ending {
  /** The end of the name of a channel; undefined if only a pattern will do. */
  readonly literal: string | undefined;
  readonly glob: string;
  readonly takes: (notification: RawNotification) => boolean;
}

/** Chooses the subscriptions; no notification is taken from two of them. */
export function planOf(options: KeyspaceOptions, db: number | 'all'): Plan {
  const keys = listOf(options.keys).map(keyMatcher);
  const events = [...new Set<string>(listOf(options.events))];
  const family = familyOf(keys, events);
  const subkeys = options.subkeys === true;
  const prefix = `__${subkeys ? 'sub' : ''}key${family}@${db === 'all' ? '*' : db}__:`;
  const isAsked = ({ db: number, event, key, subkeys: list }: RawNotification) =>
    (db === 'all' || number === db) &&
    (list !== undefined) === subkeys &&
    (events.length === 0 || events.includes(event)) &&
    (keys.length === 0 || keys.some((matcher) => matcher.matches(key)));
  const endings = family === 'space' ? endingsOfKeys(keys) : endingsOfEvents(events);
  const sources = endings.map(({ literal, glob, takes }): PlannedSource => {
    const isChannel = literal !== undefined && db !== 'all';
    return {
      kind: isChannel ? 'channel' : 'pattern',
      name: prefix + (isChannel ? literal : glob),
      takes: (notification) => isAsked(notification) && takes(notification),
    };
  });
  const flags = subkeys ? { space: 'S', event: 'T' } : { space: 'K', event: 'E' };
  return { sources, channelFlag: flags[family], eventFlags: flagsOf(events, subkeys) };
}

/**
 * Chooses between the channels of keys and those of events. Exact keys have channels of their own, which carry nothing else.
 * A glob of keys needs a pattern, which Redis compares with every message: the channels of as few events replace it.
 */
function familyOf(keys: readonly KeyMatcher[], events: readonly string[]): Family {
  if (keys.length === 0) return 'event';
  if (events.length === 0 || keys.every(({ literal }) => literal !== undefined)) return 'space';
  return events.length <= keys.length ? 'event' : 'space';
}

/** Returns an ending for each glob, and for each key that no glob matches; a key of several globs belongs to the first. */
function endingsOfKeys(keys: readonly KeyMatcher[]): readonly Ending[] {
  const isLiteral = ({ literal }: KeyMatcher) => literal !== undefined;
  const byGlob = new Map<string, KeyMatcher[]>();
  for (const key of [...keys.filter((one) => !isLiteral(one)), ...keys.filter(isLiteral)])
    byGlob.set(key.glob, [...(byGlob.get(key.glob) ?? []), key]);
  const matchesAny = (matchers: readonly KeyMatcher[], key: Buffer) =>
    matchers.some((matcher) => matcher.matches(key));
  const endings: Ending[] = [];
  const earlier: KeyMatcher[] = [];
  for (const [glob, matchers] of byGlob) {
    const literal = matchers[0]?.literal;
    if (literal !== undefined && matchesAny(earlier, Buffer.from(literal))) continue;
    const before = literal === undefined ? [...earlier] : [];
    endings.push({
      literal,
      glob,
      takes: ({ key }) => matchesAny(matchers, key) && !matchesAny(before, key),
    });
    if (literal === undefined) earlier.push(...matchers);
  }
  return endings;
}

function endingsOfEvents(events: readonly string[]): readonly Ending[] {
  if (events.length === 0) return [{ literal: undefined, glob: '*', takes: () => true }];
  return events.map((name) => ({ literal: name, glob: name, takes: ({ event }) => event === name }));
}

/** Returns the flags of the events; undefined if one of them is not known, or if all are asked for. */
function flagsOf(events: readonly string[], subkeys: boolean): readonly string[] | undefined {
  if (subkeys) return ['h'];
  const flags = events.map(flagOf);
  if (flags.length === 0 || flags.includes(undefined)) return undefined;
  return [...new Set(flags as string[])];
}
