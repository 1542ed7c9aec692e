/** What the client and Redis hold of this name, as far as we know. `binary` is the mode an operation is about. */
export type SubscriptionState =
  | { readonly at: 'off' }
  | { readonly at: 'subscribing'; readonly binary: boolean; readonly live: boolean }
  | { readonly at: 'on' }
  | { readonly at: 'unsubscribing'; readonly binary: boolean; readonly live: boolean }
  /** An operation died with the connection: both may hold it or not, until the next operation says. */
  | { readonly at: 'stranded' }
  | { readonly at: 'ended' };

// There may be very many subscriptions, and most are in the same few states.
export const OFF: SubscriptionState = { at: 'off' };
export const ON: SubscriptionState = { at: 'on' };
export const SUBSCRIBING_TEXT: SubscriptionState = { at: 'subscribing', binary: false, live: false };
export const STRANDED: SubscriptionState = { at: 'stranded' };
export const ENDED: SubscriptionState = { at: 'ended' };
