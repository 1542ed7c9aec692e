import type { HubListener } from '../../lib/hub/hub-listener.js';

/** A consumer of texts that does nothing but what it is given. */
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
