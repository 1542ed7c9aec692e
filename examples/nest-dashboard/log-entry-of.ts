import type { ReceiverEvent } from 'rx-redis-receiver';
import type { LogEntry } from './snapshot.js';

/** Returns the report of an event for a browser; undefined if there is none. */
export function logEntryOf(event: ReceiverEvent): LogEntry | undefined {
  const at = Date.now();
  switch (event.type) {
    case 'subscribed':
    case 'unsubscribed':
      return {
        type: event.type,
        at,
        text: `${event.type === 'subscribed' ? 'Joined' : 'Left'}: ${event.source.name}`,
      };
    case 'disconnected':
      return { type: 'disconnected', at, text: 'The connection is lost. The Receiver tries to reconnect.' };
    case 'overflow':
      return { type: 'overflow', at, text: 'The queue is full. The oldest messages are dropped.' };
    case 'channel-error':
      return { type: 'refused', at, text: `Redis refuses ${event.source.name}: ${event.error.message}` };
    case 'gap':
      return gapOf(event.gap, at);
    default:
      return undefined;
  }
}

function gapOf({ cause, since, until, channels, dropped }: Gap, at: number): LogEntry {
  const seconds = ((until - since) / 1_000).toFixed(1);
  const text =
    cause === 'overflow'
      ? `Gap: ${String(dropped)} messages were dropped. The queue has room again.`
      : `Gap: messages of ${String(channels.length)} sources may be missing, over ${seconds} s. Connected again.`;
  return { type: 'gap', at, text, cause, ...(dropped === undefined ? {} : { dropped }) };
}

type Gap = Extract<ReceiverEvent, { type: 'gap' }>['gap'];
