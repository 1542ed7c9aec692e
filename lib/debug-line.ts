import type { ReceiverEvent } from './channel.js';
import { title, titles } from './debug-log.js';
import { reasonOf } from './errors/reason-of.js';

/** Returns a line for a person about an event. Payloads are left out. */
export function debugLine(event: ReceiverEvent): string {
  switch (event.type) {
    case 'subscribed':
      return `subscribed: Redis has acknowledged ${title(event.source)}`;
    case 'unsubscribed':
      return `unsubscribed: no more messages come from ${title(event.source)}`;
    case 'disconnected':
      return `disconnected${event.error ? `: ${reasonOf(event.error)}` : ''}`;
    case 'retry':
      return `attempt ${event.attempt} to connect has failed: ${reasonOf(event.error)}`;
    case 'gap': {
      const { cause, since, until, channels, dropped } = event.gap;
      const lost = dropped === undefined ? 'messages may be missing' : `${dropped} messages are missing`;
      return `gap (${cause}): ${lost} from ${until - since} ms on ${titles(channels)}`;
    }
    case 'overflow':
      return `overflow: the queue is full (${event.overflow}), ${event.dropped} dropped so far`;
    case 'channel-error':
    case 'recovery-error':
    case 'unchecked':
      return `${event.type} of ${title(event.source)}: ${reasonOf(event.error)}`;
    case 'recovered':
      return `recovered: ${event.count} messages of ${title(event.source)}, read from its log`;
    case 'dead-letter': {
      const where = event.deadLetter === undefined ? '' : `, moved to ${JSON.stringify(event.deadLetter)}`;
      return `dead-letter: ${event.id} of ${title(event.source)} after ${event.deliveries} deliveries${where}`;
    }
    case 'group-lost':
      return `group-lost: the group ${JSON.stringify(event.group)} of ${title(event.source)} was created anew`;
    default:
      return event.type;
  }
}
