import { assertSignal } from '../abort.js';
import type { Message } from '../channel.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { resolveBounds, type Bounds, type BufferOptions } from '../queue/buffer-options.js';

/** The form of the events. */
export interface EventFormat<T> {
  /**
   * Name of the event of a message. A browser receives the event with `addEventListener(name, …)`; events without a name
   * come as `'message'`. `'gap'` is the name of the events that tell of missing messages.
   * @default no name
   */
  readonly event?: ((message: Message<T>) => string | undefined) | undefined;
  /**
   * Text of a message.
   * @default a string as it is, and anything else as JSON
   */
  readonly data?: ((message: Message<T>) => string) | undefined;
}

/** Options of {@link toEventStream}: {@link BufferOptions} for the messages that wait for a slow browser. */
export interface EventStreamOptions<T> extends BufferOptions, EventFormat<T> {
  /**
   * The header `Last-Event-ID` of the request, as the framework gives it: the id of the last event that the browser has
   * received. The stream of a recoverable Channel begins behind this message; other sources have no ids. The value may be
   * anything: it comes from outside.
   * @default undefined: the stream begins with what is new
   */
  readonly lastEventId?: string | readonly string[] | null | undefined;
  /**
   * Milliseconds without an event after which a comment is sent, because proxies close idle connections; 0 for no comments.
   * @default 15_000
   */
  readonly heartbeat?: number | undefined;
  /**
   * Milliseconds for which a browser waits before it connects again.
   * @default 1_000
   */
  readonly retry?: number | undefined;
  /**
   * Number of messages that may wait.
   * @default 64 for a recoverable Channel, whose log keeps the others; otherwise 1_024
   */
  readonly capacity?: number | undefined;
  /**
   * Treatment of a message that finds no room. The browser is told of messages that were dropped, by an event `gap`. Where
   * the source is not a recoverable Channel, `'error'` ends the stream, and the browser connects again.
   * @default 'replay' for a recoverable Channel: the others are read from the log; otherwise 'drop-oldest'
   */
  readonly overflow?: BufferOptions['overflow'];
  /** Signal that ends the stream. */
  readonly signal?: AbortSignal | undefined;
}

/** The options with the defaults filled in. */
export interface ResolvedEventStreamOptions<T> extends EventFormat<T> {
  readonly lastEventId: string;
  readonly heartbeat: number;
  readonly retry: number;
  readonly bounds: Bounds;
  readonly signal: AbortSignal | undefined;
}

const OPTIONS = optionNames<EventStreamOptions<unknown>>({
  lastEventId: true,
  heartbeat: true,
  retry: true,
  event: true,
  data: true,
  capacity: true,
  maxBytes: true,
  overflow: true,
  signal: true,
});

const LONGEST_TIME = 2 ** 31 - 1;

/** Checks the options and fills in the defaults; `isResumable`: the source is a recoverable Channel. */
export function resolveEventStreamOptions<T>(
  options: EventStreamOptions<T>,
  isResumable: boolean,
): ResolvedEventStreamOptions<T> {
  assertKnownOptions('the options of toEventStream', options, OPTIONS);
  const { lastEventId, heartbeat = 15_000, retry = 1_000, event, data, signal } = options;
  assertMilliseconds('heartbeat', heartbeat);
  assertMilliseconds('retry', retry);
  assertFunction('event', event);
  assertFunction('data', data);
  assertSignal(signal);
  const { capacity = isResumable ? 64 : 1_024, maxBytes, overflow } = options;
  const policy = overflow ?? (isResumable ? 'replay' : 'drop-oldest');
  return {
    lastEventId: String(lastEventId ?? ''),
    heartbeat,
    retry,
    event,
    data,
    bounds: resolveBounds({ capacity, maxBytes, overflow: policy }),
    signal,
  };
}

function assertMilliseconds(name: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LONGEST_TIME) return;
  throw invalidArgument(`the option '${name}'`, `an integer from 0 to ${LONGEST_TIME}`, value);
}

function assertFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw invalidArgument(`the option '${name}'`, 'a function', value);
}
