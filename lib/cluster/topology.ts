import type { SubscriptionKind } from '../channel-kind.js';
import type { NodeClient } from './node-client.js';

/** The map of several servers that work together: which of them carries which name. */
export interface Topology {
  /** Milliseconds for which a server may still claim names that another server has already taken over. */
  readonly stalenessMs: number;
  /**
   * Epoch milliseconds: when the servers last confirmed all places that `nodeFor` returns; `Infinity` if each server vouches
   * for itself.
   */
  readonly confirmedAt: number;
  /**
   * Returns the time from which the server of a node link may not have been the right one, even if it claims so itself;
   * `Infinity` if the client would have been notified.
   */
  unconfirmedSince(nodeLink: string): number;
  /** Returns the key of the node link that carries a name: all names of one node link share a connection. */
  nodeFor(kind: SubscriptionKind, name: string): string;
  /** Returns the keys of all node links that carry a name together, for a name whose messages do not reach every node. */
  mastersFor?(kind: SubscriptionKind, name: string): readonly string[] | undefined;
  /** Creates a client for a node link, not yet connected; returns undefined while no server for it is known. */
  open(nodeLink: string): NodeClient | undefined;
  /** Returns whether a node link should lead to another server than its last client did. */
  pointsToWrongNode(nodeLink: string): boolean;
  /** Notes the loss of a node link's last client: its connection was closed, or it could not connect or got no answer. */
  onLost(nodeLink: string, how: Loss): void;
  /** Returns the milliseconds to wait before a node link that was lost connects to another server. */
  settlingTime(nodeLink: string): number;
  /** Asks the servers; resolves to true if something has changed. */
  refresh(): Promise<boolean>;
  /** Learns the right server from a refusal; returns false if the refusal says nothing new. */
  learn(error: Error): boolean;
  /** Resolves to true if the server of a node link is still the right one; rejects if the server does not answer. */
  isSound(nodeLink: string, client: NodeClient): Promise<boolean>;
  watch(observer: TopologyObserver): void;
  unwatch(): void;
}

export type Loss = 'closed' | 'failed';

export interface TopologyObserver {
  /** Called when something has changed: `refresh` finds out the details. */
  onChange(): void;
  /** Called when the user has closed the client. */
  onEnded(): void;
}
