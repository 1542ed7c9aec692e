import { assertSignal } from '../abort.js';
import { assertCodec, text } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions } from '../errors/known-options.js';
import { resolveBounds } from '../queue/buffer-options.js';
import type { ReaderMode } from '../reader/reader-mode.js';
import type { ReceiverOptions, TopicsOption } from '../receiver-options.js';
import type { TopicDeclarations } from '../topics/topic-types.js';
import { Topics } from '../topics/topics.js';
import type { CoreOptions } from './core-options.js';

const DEFAULT_HEARTBEAT = 5_000;
/** The longest time that a timer can wait, in milliseconds. */
const LONGEST_HEARTBEAT = 2 ** 31 - 1;

/** The options of a Receiver's core, and the reader of its own client. */
type ResolvedOptions = Omit<CoreOptions, 'client' | 'hub' | 'readerOf' | 'onStopped'> & {
  readonly reader: ReaderMode | undefined;
};

/** Checks the options of a Receiver and fills in the defaults; an option that is not in `known` is an error. */
export function resolveOptions(options: ReceiverOptions<unknown>, known: readonly string[]): ResolvedOptions {
  assertKnownOptions('the options of a Receiver', options, known);
  const {
    codec,
    autoStop = true,
    onGap = 'event',
    heartbeat = DEFAULT_HEARTBEAT,
    reader,
    signal,
    ...rest
  } = options;
  if (codec !== undefined) assertCodec(codec);
  if (typeof autoStop !== 'boolean') throw invalidArgument("the option 'autoStop'", 'a boolean', autoStop);
  if (!['event', 'error'].includes(onGap))
    throw invalidArgument("the option 'onGap'", "'event' or 'error'", onGap);
  if (typeof heartbeat !== 'number' || !(heartbeat >= 0 && heartbeat <= LONGEST_HEARTBEAT)) {
    throw invalidArgument("the option 'heartbeat'", `milliseconds, 0 to ${LONGEST_HEARTBEAT}`, heartbeat);
  }
  if (reader !== undefined && !['fast', 'client'].includes(reader))
    throw invalidArgument("the option 'reader'", "'fast' or 'client'", reader);
  assertSignal(signal);
  return {
    codec: codec ?? text,
    bounds: resolveBounds(rest),
    autoStop,
    onGap,
    heartbeat,
    topics: topicsOf(options),
    reader,
  };
}

/** Returns the topics of a Receiver, if it has any. */
function topicsOf(options: ReceiverOptions<unknown>): Topics<TopicDeclarations> | undefined {
  const { topics } = options as Partial<TopicsOption<TopicDeclarations>>;
  if (topics === undefined || topics instanceof Topics) return topics;
  throw invalidArgument("the option 'topics'", 'what topics() returns', topics);
}
