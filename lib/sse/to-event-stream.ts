import { isObservable, type Observable } from 'rxjs';
import { onAbort } from '../abort.js';
import { Channel, type Message } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { EventStream, type OpenedEvents } from './event-stream.js';
import { resolveEventStreamOptions, type EventStreamOptions } from './event-stream-options.js';
import { observedEvents } from './observed-events.js';
import { resumedEvents } from './resumed-events.js';

/**
 * Sends messages to a browser as Server-Sent Events, for its `EventSource`.
 *
 * ```text
 * source   ---a-----b-c----|
 * browser  r--a--:--b-c----|      r: retry, and the headers; ':' a comment, after a heartbeat without an event
 * ```
 *
 * ```ts
 * const news = receiver.channel('news', { recover: {} });
 *
 * // Express; see EventStream.toResponse() for servers with Request and Response
 * app.get('/news', async (request, response) => {
 *   await toEventStream(news, { lastEventId: request.headers['last-event-id'] }).pipe(response);
 * });
 * ```
 *
 * A **recoverable Channel** or a **stream** is resumed: the id of an event is the `id` of its message, a browser that reconnects
 * sends the last one as `Last-Event-ID`, and gets what it has missed. Each browser reads at its own pace from its
 * own place: while a slow one has no room, its messages stay in Redis, not in memory. All browsers share the subscription.
 *
 * Any other **Observable of messages** is observed while the browser is connected. A slow browser has a bounded queue, from
 * which the oldest messages are dropped. A browser that connects again is not told of what came meanwhile. The same holds for the
 * Channel of a consumer group, except that its entries are not dropped: they stay in Redis until the browser takes them.
 *
 * Where messages are missing, the browser receives an event `gap`, whose data is `{"dropped":12}`, or `{}` if the number is
 * unknown: a page then loads its state again.
 *
 * The stream ends when the browser leaves, when the `signal` aborts, and when the source ends: a Channel ends with its
 * Receiver.
 *
 * @param source a Channel, a Receiver, or any Observable of their messages
 * @throws {TypeError} if the source is not an Observable, or for an unknown or invalid option
 */
export function toEventStream<T>(
  source: Observable<Message<T>>,
  options: EventStreamOptions<T> = {},
): EventStream {
  if (!isObservable(source)) throw invalidArgument('the source', 'an Observable of messages', source);
  const channel = source instanceof Channel ? (source as Channel<T>) : undefined;
  const followed = channel && coreOf(channel).follower;
  // The consumers of a group share its entries: none of them has a place of its own.
  const follower = followed && 'group' in followed.options ? undefined : followed;
  const resolved = resolveEventStreamOptions(options, follower !== undefined);
  const open = (): OpenedEvents => {
    const end = new AbortController();
    const cancel = () => end.abort();
    const ignoreSignal = resolved.signal && onAbort(resolved.signal, cancel);
    if (resolved.signal?.aborted) cancel();
    const ended = channel?.events.subscribe({ complete: cancel });
    const onEnded = () => {
      ignoreSignal?.();
      ended?.unsubscribe();
    };
    const events =
      channel && follower
        ? resumedEvents({ channel, follower }, resolved, end.signal)
        : observedEvents(source, resolved, end.signal);
    return { events, cancel, onEnded };
  };
  return new EventStream(open, resolved);
}
