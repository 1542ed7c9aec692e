/** The state of one name in the client and in Redis, as far as it is known. `binary` is the mode of the operation. */
export type SubscriptionState =
  | { readonly at: 'off' }
  | { readonly at: 'subscribing'; readonly binary: boolean; readonly live: boolean }
  | { readonly at: 'on' }
  | { readonly at: 'unsubscribing'; readonly binary: boolean; readonly live: boolean }
  /** An operation died with the connection: only the next operation shows whether the client and Redis have the name. */
  | { readonly at: 'stranded' }
  | { readonly at: 'ended' };

// Shared objects, because there may be very many subscriptions, and most are in the same few states.
export const OFF: SubscriptionState = { at: 'off' };
export const ON: SubscriptionState = { at: 'on' };
export const SUBSCRIBING_TEXT: SubscriptionState = { at: 'subscribing', binary: false, live: false };
export const STRANDED: SubscriptionState = { at: 'stranded' };
export const ENDED: SubscriptionState = { at: 'ended' };
