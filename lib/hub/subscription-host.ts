import type { HubListener } from './hub-listener.js';

/** The parts of a hub that its subscriptions need. */
export interface SubscriptionHost<Subscription> {
  /** Whether a command sent now goes out at once. */
  readonly isOnline: boolean;
  /** Whether there is no connection at all, not even one that is being set up. */
  readonly isOffline: boolean;
  readonly commands: {
    /** Asks for an operation. `'resubscribe'`: the client may believe that it has the name, and has to ask Redis all the same. */
    request(
      verb: 'subscribe' | 'resubscribe' | 'unsubscribe',
      subscription: Subscription,
      binary: boolean,
    ): void;
    /** Calls back once everything has come that Redis has sent by now, or none of it can come any more. */
    fence(onPassed: () => void): void;
  };
  readonly clientListeners: {
    /** Returns whether the client has our listener. */
    isRegistered(subscription: Subscription): boolean;
    /** Returns whether the client has listeners of this name that are not ours. */
    isShared(subscription: Subscription): boolean;
    /** Removes our listeners from the client's registry without a command; false where the client has none. */
    forget(subscription: Subscription): boolean;
  };
  readonly refusals: {
    /** Returns whether Redis may be asked now; if not, `reconcile` is called when it may. */
    allows(subscription: Subscription): boolean;
    add(subscription: Subscription): void;
    remove(subscription: Subscription): void;
  };
  readonly retries: {
    /** Calls `reconcile` after a pause: the operation died though the connection looks alive. */
    later(subscription: Subscription, failures: number): void;
  };
  readonly outages: {
    /** Notes that a listener is served, or is not waited for any more. */
    settle(listener: HubListener, as: 'served' | 'gone'): void;
  };
  /** Returns whether the error came from Redis, and not from a connection that died. */
  isRefusal(error: unknown): boolean;
  /** Restarts a subscription that may have missed messages, with a gap if it was live. */
  recover(subscription: Subscription): void;
  /** Nothing is left of it. */
  remove(subscription: Subscription): void;
}
