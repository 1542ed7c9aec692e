import type { ChannelKind } from '../channel/message.js';
import type { NodeClient } from './node-client.js';

/** What is known of several servers that serve together: which of them to ask for what. */
export interface Topology {
  /** Milliseconds for which a server may still say that something is its own which others have already. */
  readonly belief: number;
  /** When the servers were last asked and said that all is where `laneOf` has it; `Infinity` where each says it of itself. */
  readonly confirmedAt: number;
  /**
   * From when on the server at the end of a lane may not have been the right one, though it has said so itself; `Infinity`
   * where somebody would have told.
   */
  doubtfulSince(lane: string): number;
  /** The lane that carries a name: all names of one lane share a connection. */
  laneOf(kind: ChannelKind, name: string): string;
  /** A fresh client for a lane, not yet connected; undefined while nobody knows where it should lead. */
  open(lane: string): NodeClient | undefined;
  /** Whether a lane should lead elsewhere than its last client did. */
  isMisled(lane: string): boolean;
  /** The last client of a lane had its connection closed; or could not connect, or got no answer. */
  onLost(lane: string, how: Loss): void;
  /** Milliseconds to wait before a lane that was lost leads elsewhere. */
  settlingTime(lane: string): number;
  /** Asks the servers; true if something has changed. */
  refresh(): Promise<boolean>;
  /** Takes what a server's refusal says about where to go; false if it says nothing new. */
  learn(error: Error): boolean;
  /** Whether the server at the end of a lane still is what the lane is for; rejects where it will not say. */
  isSound(lane: string, client: NodeClient): Promise<boolean>;
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
