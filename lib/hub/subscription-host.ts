import type { HubListener } from './hub-listener.js';

/** The parts of a hub that its subscriptions need. */
export interface SubscriptionHost<Subscription> {
  /** True if a command sent now goes out at once. */
  readonly isOnline: boolean;
  /** True if there is no connection at all, not even one that is being made. */
  readonly isOffline: boolean;
  readonly commands: {
    /** Requests an operation. `'resubscribe'`: the client has to ask Redis even if it believes to have the name. */
    request(
      verb: 'subscribe' | 'resubscribe' | 'unsubscribe',
      subscription: Subscription,
      binary: boolean,
    ): void;
    /** Calls back once everything has arrived that Redis has sent by now, or none of it can arrive any more. */
    fence(onPassed: () => void): void;
  };
  readonly clientListeners: {
    /** Returns whether the client has our listener, and other code has not unsubscribed the name. */
    isRegistered(subscription: Subscription): boolean;
    /** Returns whether the client has listeners of other code for this name. */
    isShared(subscription: Subscription): boolean;
    /** Removes our listeners from the client's registry without a command; returns false if the client has no registry. */
    forget(subscription: Subscription): boolean;
  };
  readonly refusals: {
    /** Returns whether Redis may be asked now; if not, `reconcile` is called when it may. */
    allows(subscription: Subscription): boolean;
    add(subscription: Subscription): void;
    remove(subscription: Subscription): void;
  };
  readonly retries: {
    /** Calls `reconcile` after a pause: the operation failed although the connection looks alive. */
    later(subscription: Subscription, failures: number): void;
  };
  readonly outages: {
    /** Notes that a listener is served, or that the outage need not wait for it. */
    checkOff(listener: HubListener, as: 'served' | 'gone'): void;
  };
  /** Returns whether the error came from Redis, and not from a connection that died. */
  isRefusal(error: unknown): boolean;
  /** Restarts a subscription that may have missed messages, with a gap if it was live. */
  recover(subscription: Subscription): void;
  /** Removes a subscription that is over. */
  remove(subscription: Subscription): void;
}
