import { isWellFormed } from '../codec/well-formed.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import type { KeyEvent } from './key-event.js';

/** The keys and events that {@link keyspace} reports. */
export interface KeyspaceOptions<
  E extends KeyEvent = KeyEvent,
  B extends boolean = boolean,
  S extends boolean = boolean,
> {
  /**
   * The number of the database, from 0, or `'all'` for every database.
   * @default the database with which the client of a server was created; 0 on a cluster or Sentinel set
   */
  readonly db?: number | 'all' | undefined;
  /**
   * The keys: a text is a glob of Redis, in which `escapeGlob()` makes a text literal; a Buffer is one key, byte for byte.
   * @default all keys
   */
  readonly keys?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /**
   * The names of the events.
   * @default all events that the server is configured to send
   */
  readonly events?: E | readonly E[] | undefined;
  /**
   * True for Buffers as keys and subkeys: keys that are not UTF-8 cannot be told apart as strings.
   * @default false
   */
  readonly binary?: B | undefined;
  /**
   * True for the notifications that name the changed fields of a hash, as `subkeys`. They need Redis 8.8, and replace the
   * notifications without subkeys: only events that change fields are reported.
   * @default false
   */
  readonly subkeys?: S | undefined;
  /**
   * True if the setting `notify-keyspace-events` is read (CONFIG GET) after the subscription and after each gap, on a short
   * connection to each server: a setting that lacks a flag is a {@link KeyspaceConfigError} of the stream. If the server does
   * not show its setting, as many managed services do not, the event `unchecked` says so, and the stream continues.
   * @default true
   */
  readonly check?: boolean | undefined;
}

const OPTIONS = optionNames<KeyspaceOptions>({
  db: true,
  keys: true,
  events: true,
  binary: true,
  subkeys: true,
  check: true,
});

/** Throws a TypeError for options that are unknown or invalid. */
export function assertKeyspaceOptions(options: KeyspaceOptions): void {
  assertKnownOptions('the options of keyspace', options, OPTIONS);
  const { db, keys, events } = options;
  const isDatabase = db === undefined || db === 'all' || (Number.isSafeInteger(db) && db >= 0);
  if (!isDatabase) throw invalidArgument("the option 'db'", "an integer from 0, or 'all'", db);
  for (const key of listOf(keys)) assertKey(key);
  for (const event of listOf(events)) assertEvent(event);
  for (const [name, list] of Object.entries({ keys, events })) {
    if (!Array.isArray(list) || list.length > 0) continue;
    throw invalidArgument(
      `the option '${name}'`,
      'a list that is not empty',
      list,
      `Leave it out for all ${name}.`,
    );
  }
  for (const name of ['binary', 'subkeys', 'check'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidArgument(`the option '${name}'`, 'a boolean', value);
  }
}

/** Returns the members of an option that may be one value or several. */
export function listOf<T extends string | Buffer>(option: T | readonly T[] | undefined): readonly T[] {
  if (option === undefined) return [];
  return Array.isArray(option) ? (option as readonly T[]) : [option as T];
}

function assertKey(key: unknown): void {
  if (Buffer.isBuffer(key)) return;
  if (typeof key !== 'string')
    throw invalidArgument("the option 'keys'", 'a glob, a Buffer, or a list of these', key);
  if (!isWellFormed(key)) {
    const advice = 'Pass a key that is not UTF-8 as a Buffer.';
    throw invalidArgument("the option 'keys'", 'without lone surrogates', key, advice);
  }
}

function assertEvent(event: unknown): void {
  if (typeof event !== 'string')
    throw invalidArgument("the option 'events'", 'a string, or a list of strings', event);
  if (!/^[^*?[\]\\|\s]+$/.test(event)) {
    const advice = "Leave out 'events' for all events.";
    throw invalidArgument("the option 'events'", 'names of events such as "expired"', event, advice);
  }
}
