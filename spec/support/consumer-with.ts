import type { Consumer } from '../../lib/hub/consumer.js';

/** A consumer of texts that does nothing but what it is given. */
export function consumerWith(callbacks: Partial<Consumer>): Consumer {
  return {
    binary: false,
    shortcut: undefined,
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
