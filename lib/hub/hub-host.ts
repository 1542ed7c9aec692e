import type { ChannelKind } from '../channel-kind.js';
import type { HubListener } from './hub-listener.js';

/** The owner of a Hub that is one of several for the same Receivers. */
export interface HubHost {
  /** Called when no subscription of this name is left in the hub. */
  onRemoved(kind: ChannelKind, name: string): void;
  /** Returns whether a refusal concerns the node or the moment, and not the name: the operation is then tried again. */
  isPassing(error: unknown): boolean;
}

/** A name that a hub has given up, with its listeners, so that another hub can adopt it. */
export interface Eviction {
  readonly listeners: readonly HubListener[];
  /** The listeners that may lack messages published from `since` on. */
  readonly affected: readonly HubListener[];
  readonly since: number;
}
