import { Observable, type ObservableInput } from 'rxjs';
import type { Channel, Message } from '../channel.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import type { Receiver } from '../receiver/receiver.js';
import type { TopicMessage } from '../topics/topic-types.js';
import { Hydration, type Hydrated } from './hydration.js';
import { isChannel } from './live-source.js';

export type { Hydrated } from './hydration.js';

/** A Channel of a topic, or a Receiver with topics. */
type LiveTopics<M> = Observable<M> & Pick<Receiver, 'events'>;

const OPTIONS = optionNames<BufferOptions>({ capacity: true, maxBytes: true, overflow: true });

/**
 * Joins a snapshot with its live updates without a race between the two, and does so again after every gap.
 *
 * ```
 * live       --(subscribed)--a---b-----c----(gap)--d-----e--
 * snapshot()               -----S|            -----T|
 * hydrate    -------------------(Sab)--c-----------(Td)--e--
 * ```
 *
 * `hydrate` subscribes to `live`, waits for Redis to acknowledge, and only then takes the snapshot, so that no update falls
 * between the two. Messages that arrive meanwhile are kept, and follow the snapshot. A message that was published before the
 * snapshot was read may follow it too, so applying an update twice must do no harm.
 *
 * After a gap, `hydrate` drops the messages kept before the gap, because the new snapshot is later than they are. A gap
 * while a snapshot is being taken starts the snapshot afresh. A Channel that is registered with the Receiver later also
 * leads to a new snapshot, as a gap does: once Redis has acknowledged the Channel, one snapshot serves all Channels that
 * were registered together.
 *
 * For a Receiver whose queue may overflow, choose `drop-oldest`: under the other policies, messages that waited before the
 * loss arrive after the new snapshot.
 *
 * ```ts
 * const receiver = await Receiver.open(url, { codec: json<Price>() });
 * const prices = receiver.channel('prices');
 * hydrate(prices, () => client.hGetAll('prices')).subscribe((part) => {
 *   if (part.kind === 'snapshot') board.reset(part.snapshot);
 *   else board.apply(part.message.data);
 * });
 * ```
 *
 * @param live a Channel, or a Receiver with all its Channels
 * @param snapshot returns a source, whose first value is the snapshot. A failure, or a source without a value, is an error
 *   of the stream; `retry()` starts over
 * @param options bounds of the messages kept while a snapshot is taken: by default 16,384 messages and 64 MiB, with a
 *   {@link BufferOverflowError} after the kept messages; `Infinity` is allowed
 * @see {@link Receiver.events} for the gaps
 */
export function hydrate<S, M extends Pick<TopicMessage, keyof Message | 'topic'>>(
  live: LiveTopics<M>,
  snapshot: () => ObservableInput<S>,
  options?: BufferOptions,
): Observable<Hydrated<S, M['data'], M>>;
export function hydrate<S, T>(
  live: Channel<T> | Receiver<T>,
  snapshot: () => ObservableInput<S>,
  options?: BufferOptions,
): Observable<Hydrated<S, T>>;
export function hydrate<S>(
  live: Observable<unknown>,
  snapshot: () => ObservableInput<S>,
  options: BufferOptions = {},
): Observable<Hydrated<S, unknown>> {
  if (!isLive(live)) throw invalidArgument('the live source', 'a Channel or a Receiver', live);
  if (typeof snapshot !== 'function') throw invalidArgument('the snapshot', 'a function', snapshot);
  assertKnownOptions('the options of hydrate', options, OPTIONS);
  const bounds = resolveBounds(options, 'unbounded');
  return new Observable((subscriber) => new Hydration(live, snapshot, bounds, subscriber).start());
}

function isLive(live: Observable<unknown>): live is Channel<unknown> | Receiver<unknown> {
  return isChannel(live) || (live instanceof Observable && 'waitMessage' in live);
}
