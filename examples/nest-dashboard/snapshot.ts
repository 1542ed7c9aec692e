/** The state that the server sends to its browsers, several times a second. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When the server started, in milliseconds since the epoch: with another one the counts begin anew. */
  readonly startedAt: number;
  readonly isConnected: boolean;
  /** In the order of their registration. */
  readonly sources: readonly SourceCount[];
  readonly stats: QueueCounts;
  /** The most messages that the queue holds. */
  readonly capacity: number;
  readonly workers: number;
  /** Milliseconds that a worker spends on a message. */
  readonly workTime: number;
  /** Messages that were published while nobody was subscribed: what the gaps have cost. */
  readonly missed: number;
  /** The events since the previous snapshot. */
  readonly happenings: readonly Happening[];
}

export interface SourceCount {
  /** The id of this registration: a channel that leaves and joins again gets another id. */
  readonly id: number;
  readonly kind: 'channel' | 'pattern' | 'shard';
  readonly name: string;
  /** Messages that have come from Redis. */
  readonly received: number;
}

/** In messages: what is `received` is delivered, buffered or dropped. */
export interface QueueCounts {
  readonly received: number;
  readonly delivered: number;
  /** Wait for a worker. */
  readonly buffered: number;
  readonly dropped: number;
  /** The number of times that messages may have been missed, or were dropped. */
  readonly gaps: number;
}

/** An event of the Receiver's, as a sentence. */
export interface Happening {
  readonly type: 'subscribed' | 'unsubscribed' | 'disconnected' | 'gap' | 'overflow' | 'refused';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  /** The cause of the gap. */
  readonly cause?: 'reconnect' | 'overflow';
  /** Messages that were dropped. */
  readonly dropped?: number;
}
