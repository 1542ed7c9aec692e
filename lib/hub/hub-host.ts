import type { SubscriptionKind } from '../channel-kind.js';

/** The owner of a Hub that is one of several for the same Receivers. */
export interface HubHost {
  /** Called when no subscription of this name is left in the hub. */
  onRemoved(kind: SubscriptionKind, name: string): void;
  /** Returns whether a refusal concerns the node or the moment, and not the name: the operation is then tried again. */
  isPassing(error: unknown): boolean;
}
