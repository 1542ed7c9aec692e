/** What the client and Redis hold of this name, as far as we know. `binary` is the mode an operation is about. */
export type LinkState =
  | { readonly at: 'off' }
  | { readonly at: 'subscribing'; readonly binary: boolean; readonly live: boolean }
  | { readonly at: 'on' }
  | { readonly at: 'unsubscribing'; readonly binary: boolean; readonly live: boolean }
  /** An operation died with the connection: both may hold it or not, until the next operation says. */
  | { readonly at: 'stranded' }
  | { readonly at: 'ended' };

// There may be very many links, and most are in the same few states.
export const OFF: LinkState = { at: 'off' };
export const ON: LinkState = { at: 'on' };
export const SUBSCRIBING_TEXT: LinkState = { at: 'subscribing', binary: false, live: false };
export const STRANDED: LinkState = { at: 'stranded' };
export const ENDED: LinkState = { at: 'ended' };
