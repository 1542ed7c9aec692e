import { Observable, type ObservableInput } from 'rxjs';
import type { Channel } from '../channel.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { resolveBounds, type BufferOptions } from '../queue/buffer-options.js';
import type { Receiver } from '../receiver/receiver.js';
import { Hydration, isChannel, type Hydrated } from './hydration.js';

export type { Hydrated } from './hydration.js';

const OPTIONS = optionNames<BufferOptions>({ capacity: true, maxBytes: true, overflow: true });

/**
 * Joins a snapshot with its live updates, without a race between the two, and again after every gap.
 *
 * ```
 * live       --(subscribed)--a---b-----c----(gap)--d-----e--
 * snapshot()               -----S|            -----T|
 * hydrate    -------------------(Sab)--c-----------(Td)--e--
 * ```
 *
 * It subscribes to `live`, waits for Redis to acknowledge, and takes the snapshot only then, so that nothing falls
 * between them; messages that come meanwhile are kept, and follow it. A message that was published before the snapshot
 * was read may follow it, so updates have to be such that applying one twice does no harm. After a gap the messages that
 * were kept before it are dropped: the new snapshot is later than they are. A gap while a snapshot is being taken starts
 * it afresh. So does a Channel of a Receiver that is registered later: once Redis has acknowledged it, a new snapshot is
 * taken, as after a gap, and one for all that were registered together. In front of a Receiver's queue that may overflow, choose `drop-oldest`: of the other policies what waited
 * before the loss comes behind the new snapshot.
 *
 * ```ts
 * const receiver = await Receiver.open<Price>(url, { codec: json() });
 * const prices = receiver.channel('prices');
 * hydrate(prices, () => client.hGetAll('prices')).subscribe((part) => {
 *   if (part.kind === 'snapshot') board.reset(part.snapshot);
 *   else board.apply(part.message.data);
 * });
 * ```
 *
 * @param live a Channel, or a Receiver with all its Channels
 * @param snapshot takes the snapshot: the first value of what it returns. If it fails, or gives none, that is an error
 *   of the stream; `retry()` begins anew
 * @param options the bounds of what is kept while a snapshot is taken: by default 16,384 messages and 64 MiB, and a
 *   {@link BufferOverflowError} behind what was kept; `Infinity` is allowed
 * @see {@link Receiver.events} for the gaps
 */
export function hydrate<S, T>(
  live: Channel<T> | Receiver<T>,
  snapshot: () => ObservableInput<S>,
  options: BufferOptions = {},
): Observable<Hydrated<S, T>> {
  if (!isChannel(live) && !isReceiver(live))
    throw invalidArgument('the live source', 'a Channel or a Receiver', live);
  if (typeof snapshot !== 'function') throw invalidArgument('the snapshot', 'a function', snapshot);
  assertKnownOptions('the options of hydrate', options, OPTIONS);
  const bounds = resolveBounds(options, 'unbounded');
  return new Observable((subscriber) => new Hydration(live, snapshot, bounds, subscriber).start());
}

function isReceiver(live: object): boolean {
  return live instanceof Observable && 'waitMessage' in live;
}
