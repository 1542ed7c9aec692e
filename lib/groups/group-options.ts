import { isWellFormed } from '../codec/well-formed.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import {
  givenSettings,
  STREAM_OPTIONS,
  streamSettings,
  type StreamOptions,
  type StreamSettings,
} from '../streams/stream-options.js';

/** The options of a stream that is read as a consumer of a group: each entry goes to one consumer, which acknowledges it. */
export interface GroupOptions<T = unknown> extends StreamOptions<T> {
  /** The name of the group. The first Channel creates the group, and the stream too, if there is none. */
  readonly group: string;
  /**
   * The first entry of a group that does not exist yet: `'start'`, the oldest one; `'new'`, the first one that is added after
   * the group is created; or the id of an entry, the one behind it. A group that exists continues where it is.
   * @default 'start'
   */
  readonly from?: 'new' | 'start' | (string & {}) | undefined;
  /**
   * The name of the consumer. A consumer with a name first receives what it had not acknowledged when it ended; only one
   * Receiver at a time may use the name.
   * @default a name that no other Receiver has, which Redis forgets when nothing of it is pending
   */
  readonly consumer?: string | undefined;
  /**
   * The largest number of entries that the Channel has received and not yet acknowledged, 1 to 10,000. The others stay in Redis,
   * for any consumer of the group.
   * @default 100
   */
  readonly prefetch?: number | undefined;
  /**
   * Milliseconds after which an entry that was not acknowledged is delivered again, to any consumer: its consumer has died or
   * failed. A living consumer keeps what it handles, however long that takes. An integer from 10.
   * @default 30_000
   */
  readonly claimAfter?: number | undefined;
  /**
   * The number of deliveries after which an entry that was not acknowledged becomes a dead letter; `Infinity` for no limit.
   * @default 5 with a `deadLetter`, otherwise `Infinity`
   */
  readonly maxDeliveries?: number | undefined;
  /**
   * The key of the stream to which dead letters go, with the fields `dead-letter:key`, `dead-letter:id`, `dead-letter:group`
   * and `dead-letter:deliveries` beside their own.
   * @default none: a dead letter is only reported, by the event `dead-letter`
   */
  readonly deadLetter?: string | undefined;
  /**
   * `'handled'`: an entry is acknowledged when it has been handled: when the inner stream of `mergeMapBounded` completes, when a
   * loop or `get()` asks for the next message, or when a plain observer returns. `'manual'`: by `message.ack()`.
   * @default 'handled'
   */
  readonly ack?: 'handled' | 'manual' | undefined;
}

/** The options of a group whose messages are one field of its entries. */
export interface GroupFieldOptions<T = unknown> extends GroupOptions<T> {
  /** The field that is the payload, which the codec decodes. An entry without this field is a `DecodeError` at its place. */
  readonly field: string;
}

/** The options of a group whose messages are whole entries. */
export interface GroupEntryOptions extends GroupOptions {
  /** Absent. */
  readonly field?: undefined;
  /** Absent. */
  readonly codec?: undefined;
}

/** The options of a consumer of a group, with the defaults filled in. */
export interface GroupSettings extends StreamSettings {
  readonly group: string;
  readonly consumer: string;
  /** True if the name of the consumer is the package's own: it is deleted when nothing is pending. */
  readonly isOwnName: boolean;
  readonly prefetch: number;
  readonly claimAfter: number;
  readonly maxDeliveries: number;
  readonly deadLetter: string | undefined;
  readonly ack: 'handled' | 'manual';
}

const OPTIONS = optionNames<Omit<GroupOptions, keyof StreamOptions>>({
  group: true,
  consumer: true,
  prefetch: true,
  claimAfter: true,
  maxDeliveries: true,
  deadLetter: true,
  ack: true,
});
const DEFAULTS = { from: 'start', prefetch: 100, claimAfter: 30_000, ack: 'handled' } as const;
const DELIVERIES = 5;
const LARGEST_PREFETCH = 10_000;
/** Milliseconds: entries in hand are refreshed twice in this time. */
const SHORTEST_CLAIM = 10;
/** The longest time of a timer. */
const LONGEST_CLAIM = 2 ** 31 - 1;

/** Checks the options of a stream, of a group or not, and leaves out those that are not given. */
export function givenGroupSettings(key: string, options: Partial<GroupOptions>): Partial<GroupSettings> {
  assertKnownOptions('the options of a stream', options, [...STREAM_OPTIONS, ...OPTIONS]);
  const all: Record<string, unknown> = { ...options };
  const own = Object.fromEntries(
    OPTIONS.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]),
  );
  for (const name of OPTIONS) Reflect.deleteProperty(all, name);
  const given = givenSettings(all);
  if (options.group === undefined) {
    const [name] = Object.keys(own);
    if (name === undefined) return given;
    const advice = 'A group has consumers and acknowledgements; a stream that is read alone has none.';
    throw invalidArgument(`the option '${name}'`, "absent without the option 'group'", own[name], advice);
  }
  assertGroup(key, options);
  return { ...given, ...own };
}

/** Fills in the defaults; `ownName` is the name of a consumer without one. */
export function groupSettings(given: Partial<GroupSettings>, ownName: string): GroupSettings {
  const { group = '', deadLetter } = given;
  const settings = { ...streamSettings(given), ...DEFAULTS, ...given, group, deadLetter };
  const maxDeliveries = given.maxDeliveries ?? (deadLetter === undefined ? Infinity : DELIVERIES);
  return {
    ...settings,
    consumer: given.consumer ?? ownName,
    isOwnName: given.consumer === undefined,
    maxDeliveries,
  };
}

function assertGroup(key: string, options: Partial<GroupOptions>): void {
  const { group, consumer, deadLetter, prefetch, claimAfter, maxDeliveries, ack } = options;
  assertText('group', group);
  assertText('consumer', consumer);
  assertText('deadLetter', deadLetter);
  if (deadLetter === key) {
    const advice = 'The group would receive its own dead letters.';
    throw invalidArgument("the option 'deadLetter'", 'the key of another stream', deadLetter, advice);
  }
  assertInteger('prefetch', prefetch, 1, LARGEST_PREFETCH);
  assertInteger('claimAfter', claimAfter, SHORTEST_CLAIM, LONGEST_CLAIM);
  const isLimit = maxDeliveries === undefined || maxDeliveries === Infinity;
  if (!isLimit && !(Number.isSafeInteger(maxDeliveries) && maxDeliveries >= 1))
    throw invalidArgument("the option 'maxDeliveries'", 'an integer from 1, or Infinity', maxDeliveries);
  if (ack !== undefined && (ack as unknown) !== 'handled' && (ack as unknown) !== 'manual')
    throw invalidArgument("the option 'ack'", "'handled' or 'manual'", ack);
}

function assertText(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '' && isWellFormed(value))) return;
  throw invalidArgument(`the option '${name}'`, 'a string that is not empty, without lone surrogates', value);
}

function assertInteger(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw invalidArgument(`the option '${name}'`, `an integer from ${least} to ${most}`, value);
}
