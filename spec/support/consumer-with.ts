import type { HubListener } from '../../lib/hub/hub-listener.js';

/** Returns a listener of texts whose callbacks do nothing, except those that are given. */
export function consumerWith(callbacks: Partial<HubListener>): HubListener {
  return {
    binary: false,
    fastPath: undefined,
    receive: () => undefined,
    onSubscribed: () => undefined,
    onInterrupted: () => undefined,
    onReplaced: () => undefined,
    onReleased: () => undefined,
    onRefused: () => undefined,
    onEnded: () => undefined,
    ...callbacks,
  };
}
