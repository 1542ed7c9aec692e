import type { ChannelKind } from '../channel-kind.js';
import { ChannelClosedError, type ConnectionLostError } from '../errors/errors.js';

/** The life of a Channel. `'draining'`: it has unsubscribed, and still receives messages until the acknowledgement. */
export type ChannelLife =
  | { readonly at: 'open' | 'draining' }
  | { readonly at: 'closed'; readonly error: ConnectionLostError | undefined };

// Shared objects, because there may be very many Channels, and most are in the same few states.
export const OPEN: ChannelLife = { at: 'open' };
export const DRAINING: ChannelLife = { at: 'draining' };
export const CLOSED: ChannelLife = { at: 'closed', error: undefined };

/**
 * The time for which a Channel stays registered. `'while-observed'`: until its last observer unsubscribes. `'claimed'`: until
 * its next observers unsubscribe, because user code has requested the Channel again after the last one. `'kept'`: for good, by
 * the option `keep`. `'forgotten'`: the Channel is not registered until user code requests or observes it again.
 */
export type Registration = 'while-observed' | 'claimed' | 'kept' | 'forgotten';

/** Channels that began to wait for the acknowledgement between one `connect()` and the next. */
export interface Unserved {
  /** The number of those that are neither acknowledged nor refused nor closed. */
  count: number;
}

/** Returns the error of a call that needs an open Channel. */
export function closedError(
  { kind, name }: { readonly kind: ChannelKind; readonly name: string },
  life: ChannelLife,
): ChannelClosedError {
  return new ChannelClosedError(
    `The ${kind} ${JSON.stringify(name)} is closed. Ask its Receiver, or a new one, for it again.`,
    { cause: life.at === 'closed' ? life.error : undefined },
  );
}
