import type { Observable } from 'rxjs';
import type { Message } from '../channel.js';
import { BoundedIterator } from '../queue/bounded-iterator.js';
import { WaitingLine } from '../queue/waiting-line.js';
import { ArrivalOrder } from '../queue/waiting-order.js';
import type { ChannelOwner } from './channel-owner.js';
import { OverflowEpisode } from './overflow-episode.js';

/** Iterates the messages of a Channel: an observer of its own, with a queue that has the bounds of the Receiver. */
export function iterateChannel<T>(
  messages: Observable<Message<T>>,
  { bounds, emit }: Pick<ChannelOwner<never>, 'bounds' | 'emit'>,
): AsyncIterableIterator<Message<T>> {
  const episode = new OverflowEpisode(bounds.overflow, emit);
  const line = new WaitingLine(new ArrivalOrder<Message<T>>(), bounds, ({ source }) => episode.drop(source));
  const endIfRelaxed = () => {
    if (line.isRelaxed) episode.end();
  };
  return new BoundedIterator(messages, line, { onTaken: endIfRelaxed });
}
