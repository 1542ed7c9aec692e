import { channel, type Channel as NodeChannel } from 'node:diagnostics_channel';
import type { ReceiverEvent } from './channel.js';
import { debugLine } from './debug-line.js';
import { debugLog, isDebugging } from './debug-log.js';
import type { PubSubClient } from './hub/client.js';
import { tell } from './outbox.js';

/**
 * The message of the diagnostics channels of Node, `rx-redis-receiver:<event>`: one for each type of {@link ReceiverEvent} that is
 * not about a single message.
 *
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 *
 * subscribe('rx-redis-receiver:gap', (message) => {
 *   const { event } = message as DiagnosticsMessage<'gap'>;
 *   console.warn(event.gap);
 * });
 * ```
 *
 * @typeParam Type the type of the event, which the name of the channel ends with
 */
export interface DiagnosticsMessage<Type extends ReceiverEvent['type'] = ReceiverEvent['type']> {
  /** The event, as on `receiver.events`. */
  readonly event: ReceiverEvent & { readonly type: Type };
  /** The client of the Receiver; undefined for a failed attempt of `Receiver.open`, which has no Receiver yet. */
  readonly client: PubSubClient | undefined;
}

const on = (type: ReceiverEvent['type']): NodeChannel => channel(`rx-redis-receiver:${type}`);

/** The diagnostics channels, by event. Events that can come with each message have none: `stats` counts them. */
const CHANNELS: Readonly<Record<ReceiverEvent['type'], NodeChannel | undefined>> = {
  subscribed: on('subscribed'),
  unsubscribed: on('unsubscribed'),
  disconnected: on('disconnected'),
  retry: on('retry'),
  gap: on('gap'),
  overflow: on('overflow'),
  'channel-error': on('channel-error'),
  recovered: on('recovered'),
  'recovery-error': on('recovery-error'),
  unchecked: on('unchecked'),
  'dead-letter': on('dead-letter'),
  'group-lost': on('group-lost'),
  late: undefined,
  unmatched: undefined,
  'decode-error': undefined,
  unrecoverable: undefined,
};

/** Shows an event to the subscribers of the diagnostics channels, and in the debug log. */
export function show(event: ReceiverEvent, client: PubSubClient | undefined): void {
  const shownOn = CHANNELS[event.type];
  // Most events have no reader, and there may be very many.
  if (!shownOn || (!isDebugging && !shownOn.hasSubscribers)) return;
  debugLog(() => debugLine(event));
  if (shownOn.hasSubscribers) tell(() => shownOn.publish({ event, client } satisfies DiagnosticsMessage));
}
