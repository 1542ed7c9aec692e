import type { ChannelKind } from '../channel-kind.js';
import type { NodeClient } from './node-client.js';

/** What is known of several servers that serve together: which of them to ask for what. */
export interface Topology {
  /** Milliseconds for which a server may still say that something is its own which others have already. */
  readonly stalenessMs: number;
  /** When the servers were last asked and said that all is where `nodeFor` has it; `Infinity` where each says it of itself. */
  readonly confirmedAt: number;
  /**
   * From when on the server at the end of a node link may not have been the right one, though it has said so itself; `Infinity`
   * where somebody would have told.
   */
  unconfirmedSince(nodeLink: string): number;
  /** The node link that carries a name: all names of one node link share a connection. */
  nodeFor(kind: ChannelKind, name: string): string;
  /** A fresh client for a node link, not yet connected; undefined while nobody knows where it should lead. */
  open(nodeLink: string): NodeClient | undefined;
  /** Whether a node link should lead elsewhere than its last client did. */
  pointsToWrongNode(nodeLink: string): boolean;
  /** The last client of a node link had its connection closed; or could not connect, or got no answer. */
  onLost(nodeLink: string, how: Loss): void;
  /** Milliseconds to wait before a node link that was lost leads elsewhere. */
  settlingTime(nodeLink: string): number;
  /** Asks the servers; true if something has changed. */
  refresh(): Promise<boolean>;
  /** Takes what a server's refusal says about where to go; false if it says nothing new. */
  learn(error: Error): boolean;
  /** Whether the server at the end of a node link still is what the node link is for; rejects where it will not say. */
  isSound(nodeLink: string, client: NodeClient): Promise<boolean>;
  watch(observer: TopologyObserver): void;
  unwatch(): void;
}

export type Loss = 'closed' | 'failed';

export interface TopologyObserver {
  /** Something has changed: `refresh` says what. */
  onChange(): void;
  /** The user has closed the client. */
  onEnded(): void;
}
