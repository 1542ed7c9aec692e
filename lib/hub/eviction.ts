import type { HubListener } from './hub-listener.js';

/** A name that a hub has given up, with its listeners, so that another hub can adopt it. */
export interface Eviction {
  readonly listeners: readonly HubListener[];
  /** The listeners that may lack messages published from `since` on. */
  readonly affected: readonly HubListener[];
  readonly since: number;
}
