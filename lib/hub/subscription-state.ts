/** The modes in which the client may have our listener: TEXT, BINARY, or the sum of both. */
export type Modes = 0 | 1 | 2 | 3;
export const TEXT: Modes = 1;
const BINARY: Modes = 2;

export function withMode(modes: Modes, binary: boolean): Modes {
  return (modes | (binary ? BINARY : TEXT)) as Modes;
}

export function withoutMode(modes: Modes, binary: boolean): Modes {
  return (modes & ~(binary ? BINARY : TEXT)) as Modes;
}

/** An UNSUBSCRIBE in flight. */
interface Unsubscribing {
  readonly at: 'unsubscribing';
  readonly binary: boolean;
  readonly live: boolean;
}

/** A SUBSCRIBE in flight. */
interface Subscribing {
  readonly at: 'subscribing';
  readonly binary: boolean;
  readonly live: boolean;
  /** Set when the acknowledgement proves nothing: the connection died since, or other code unsubscribed the name. */
  readonly isOutlived: boolean;
}

/**
 * The state of one name in the client and in Redis, as far as it is known. `binary` is the mode of the operation; `live`:
 * messages published now arrive.
 */
export type SubscriptionState =
  | { readonly at: 'off'; readonly live: false }
  | Subscribing
  | { readonly at: 'on'; readonly live: true }
  | Unsubscribing
  /** An operation died with the connection: only the next operation shows whether the client and Redis have the name. */
  | { readonly at: 'stranded'; readonly live: false }
  | { readonly at: 'ended'; readonly live: false };

/** Returns the state of a SUBSCRIBE that is sent now. */
export function subscribing(binary: boolean, live: boolean): SubscriptionState {
  return binary || live ? { ...SUBSCRIBING_TEXT, binary, live } : SUBSCRIBING_TEXT;
}

/** Returns the state of an UNSUBSCRIBE that is sent now. */
export function unsubscribing(binary: boolean, live: boolean): SubscriptionState {
  return binary || live ? { ...UNSUBSCRIBING_TEXT, binary, live } : UNSUBSCRIBING_TEXT;
}

/** Returns the state of a SUBSCRIBE whose acknowledgement proves nothing any more. */
export function outlived(state: Subscribing): SubscriptionState {
  return { ...state, isOutlived: true };
}

// Shared objects, because there may be very many subscriptions, and most are in the same few states.
export const OFF: SubscriptionState = { at: 'off', live: false };
export const ON: SubscriptionState = { at: 'on', live: true };
const SUBSCRIBING_TEXT: Subscribing = {
  at: 'subscribing',
  binary: false,
  live: false,
  isOutlived: false,
};
const UNSUBSCRIBING_TEXT: Unsubscribing = { at: 'unsubscribing', binary: false, live: false };
export const STRANDED: SubscriptionState = { at: 'stranded', live: false };
export const ENDED: SubscriptionState = { at: 'ended', live: false };
