import type { ChannelKind } from '../channel-kind.js';
import { ChannelClosedError, type ConnectionLostError } from '../errors/errors.js';

/** `'draining'`: the Channel has unsubscribed, and still takes what comes before the acknowledgement. */
export type ChannelLife =
  | { readonly at: 'open' | 'draining' }
  | { readonly at: 'closed'; readonly error: ConnectionLostError | undefined };

// There may be very many Channels, and most are in the same few states.
export const OPEN: ChannelLife = { at: 'open' };
export const DRAINING: ChannelLife = { at: 'draining' };
export const CLOSED: ChannelLife = { at: 'closed', error: undefined };

/**
 * How long a Channel stays registered: `'while-observed'`; `'claimed'`, until its next observers have left, because it was
 * asked for again after the last one had; or `'kept'`, by the option `keep`. The Receiver has let go of a Channel that is
 * `'forgotten'`, until somebody asks for it again or observes it.
 */
export type Registration = 'while-observed' | 'claimed' | 'kept' | 'forgotten';

/** Returns the error of a call that wants a Channel to be open. */
export function closedError(
  { kind, name }: { readonly kind: ChannelKind; readonly name: string },
  life: ChannelLife,
): ChannelClosedError {
  return new ChannelClosedError(
    `The ${kind} ${JSON.stringify(name)} is closed. Ask its Receiver, or a new one, for it again.`,
    { cause: life.at === 'closed' ? life.error : undefined },
  );
}
