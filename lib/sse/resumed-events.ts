import { onAbort } from '../abort.js';
import type { Channel } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { SubscribeError } from '../errors/errors.js';
import { BEFORE_ALL, formatLogId, parseLogId } from '../log/log-id.js';
import type { Follower } from '../recovery/follower.js';
import { RecoveryError } from '../recovery/recovery-error.js';
import { Receiver } from '../receiver/receiver.js';
import { eventOf, gapEvent, idEvent } from './event-text.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';
import { lossOf } from './loss.js';

/** A recoverable Channel or a stream, and the follower of its log or stream. */
export interface ResumableChannel<T> {
  readonly channel: Channel<T>;
  readonly follower: Follower;
}

/**
 * Yields the events of the messages of a recoverable Channel or a stream behind the last event of the browser, and a `gap` event where
 * messages are missing. Each browser has its own place, and thus a Receiver of its own, on the client of the Channel.
 */
export async function* resumedEvents<T>(
  source: ResumableChannel<T>,
  options: ResolvedEventStreamOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  const { lastEventId } = options;
  let from = parseLogId(lastEventId) ? lastEventId : 'new';
  const isCancelled = () => signal.aborted;
  while (!isCancelled()) {
    const receiver = receiverFrom(source, from, options);
    const ignoreSignal = onAbort(signal, () => void receiver.stop());
    try {
      await receiver.connect();
      if (from === 'new') {
        // Told once the Receiver is connected: state that the page loads then lacks no message that does not follow.
        if (lastEventId !== '') yield gapEvent(undefined);
        yield idEvent(placeOf(receiver));
      }
      while (receiver.isActive) yield* eventsUntilLoss(receiver, options);
      return;
    } catch (error) {
      if (isCancelled()) return;
      // The log does not have the id any more: it was deleted. Any other refusal would come again.
      if (from === 'new' || !isUnknownId(error)) throw error;
      from = 'new';
    } finally {
      ignoreSignal();
      void receiver.stop();
    }
  }
}

async function* eventsUntilLoss<T>(
  receiver: Receiver<T>,
  options: ResolvedEventStreamOptions<T>,
): AsyncGenerator<string> {
  try {
    for await (const message of receiver) yield eventOf(message, options, message.id);
  } catch (error) {
    const loss = lossOf(error);
    if (!loss) throw error;
    yield gapEvent(loss.dropped);
  }
}

function receiverFrom<T>(
  { channel, follower }: ResumableChannel<T>,
  from: string,
  { bounds }: ResolvedEventStreamOptions<T>,
): Receiver<T> {
  const { kind, name, codec } = coreOf(channel);
  const options = { ...bounds, codec, onGap: 'error' } as const;
  const receiver = new Receiver<T>(follower.client, options);
  const recover = { ...follower.options, from };
  if (kind === 'stream') receiver.stream(name, recover);
  else if (kind === 'shard') receiver.shard(name, { recover });
  else receiver.channel(name, { recover });
  return receiver;
}

/** Returns the id behind which the Receiver goes on. */
function placeOf(receiver: Receiver<unknown>): string {
  const [channel] = [
    ...receiver.channels.values(),
    ...receiver.shards.values(),
    ...receiver.streams.values(),
  ];
  return (channel && coreOf(channel).follower?.lastId) ?? formatLogId(BEFORE_ALL);
}

function isUnknownId(error: unknown): boolean {
  return error instanceof SubscribeError && error.cause instanceof RecoveryError;
}
