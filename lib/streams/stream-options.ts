import type { Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import type { PubSubClient } from '../hub/client.js';
import { normalizeEntryId } from './entry-id.js';

/** The options of a stream: where its Channel begins, and what the data of its messages are. */
export interface StreamOptions<T = unknown> {
  /**
   * The first entry: `'new'`, the first one that is added after the Channel is subscribed; `'start'`, the oldest one; or the
   * id of an entry, the one behind it. The option counts whenever the Channel is subscribed anew.
   * @default 'new'
   */
  readonly from?: 'new' | 'start' | (string & {}) | undefined;
  /**
   * The field that is the payload, which the codec decodes. An entry without this field is a `DecodeError` at its place.
   * @default the data of a message are all fields of the entry, as strings
   */
  readonly field?: string | undefined;
  /**
   * The codec of that field.
   * @default the Receiver's codec
   */
  readonly codec?: Codec<T> | undefined;
  /**
   * The largest number of entries that one read asks for, 1 to 10,000.
   * @default 100
   */
  readonly batch?: number | undefined;
  /**
   * Another client, on whose server the stream is; its messages still come through this Receiver.
   * @default the Receiver's client
   */
  readonly client?: PubSubClient | undefined;
  /**
   * True if the Channel stays registered when its last observer has left while the Receiver is not connected.
   * @default false
   */
  readonly keep?: boolean | undefined;
}

/** The options of a stream whose messages are one field of its entries. */
export interface StreamFieldOptions<T = unknown> extends StreamOptions<T> {
  /** The field that is the payload, which the codec decodes. An entry without this field is a `DecodeError` at its place. */
  readonly field: string;
}

/** The options of a stream whose messages are whole entries. */
export interface StreamEntryOptions extends StreamOptions {
  /** Absent. */
  readonly field?: undefined;
  /** Absent. */
  readonly codec?: undefined;
}

/** The options with the defaults filled in. */
export interface StreamSettings {
  readonly from: string;
  readonly field: string | undefined;
  readonly batch: number;
}

/** The names of the options. */
export const STREAM_OPTIONS = optionNames<StreamOptions>({
  from: true,
  field: true,
  codec: true,
  batch: true,
  client: true,
  keep: true,
});
const DEFAULTS = { from: 'new', batch: 100 };
const LARGEST_BATCH = 10_000;

/** Checks the options, and leaves out those that are not given. */
export function givenSettings(options: StreamOptions): Partial<StreamSettings> {
  assertKnownOptions('the options of a stream', options, STREAM_OPTIONS);
  const { from, field, batch, codec } = options;
  if (field !== undefined && typeof field !== 'string')
    throw invalidArgument("the option 'field'", 'a string', field);
  if (codec !== undefined && field === undefined) {
    const advice = "A codec decodes one field of an entry: name it by the option 'field'.";
    throw invalidArgument("the option 'codec'", "absent without the option 'field'", codec, advice);
  }
  if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1 && batch <= LARGEST_BATCH))
    throw invalidArgument("the option 'batch'", `an integer from 1 to ${LARGEST_BATCH}`, batch);
  return {
    ...(from !== undefined && { from: startOf(from) }),
    ...(field !== undefined && { field }),
    ...(batch !== undefined && { batch }),
  };
}

/** Fills in the defaults. */
export function streamSettings(given: Partial<StreamSettings>): StreamSettings {
  return { field: undefined, ...DEFAULTS, ...given };
}

function startOf(from: unknown): string {
  if (from === 'new' || from === 'start') return from;
  const id = typeof from === 'string' ? normalizeEntryId(from) : undefined;
  if (id === undefined)
    throw invalidArgument("the option 'from'", "'new', 'start' or the id of an entry", from);
  return id;
}
