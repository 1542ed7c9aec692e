/** The state that the server sends to its browsers, several times a second. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Start time of the server, in milliseconds since the epoch: after a restart the counts begin at zero. */
  readonly startedAt: number;
  readonly isConnected: boolean;
  /** In the order of their registration. */
  readonly sources: readonly SourceCount[];
  readonly stats: QueueCounts;
  /** The maximum number of messages in the queue. */
  readonly capacity: number;
  readonly workers: number;
  /** Milliseconds that a worker spends on a message. */
  readonly workTime: number;
  /** Messages that were published without a subscriber: the loss in the gaps. */
  readonly missed: number;
  /** The events since the previous snapshot. */
  readonly logEntries: readonly LogEntry[];
}

export interface SourceCount {
  /** The id of this registration: a channel that leaves and joins again gets another id. */
  readonly id: number;
  readonly kind: 'channel' | 'pattern' | 'shard';
  readonly name: string;
  /** Messages that Redis has sent. */
  readonly received: number;
}

/** Counts of messages: every received message is delivered, buffered or dropped. */
export interface QueueCounts {
  readonly received: number;
  readonly delivered: number;
  /** Messages that wait for a worker. */
  readonly buffered: number;
  readonly dropped: number;
  /** The number of times that messages may have been missed, or were dropped. */
  readonly gaps: number;
}

/** An event of the Receiver, as a sentence. */
export interface LogEntry {
  readonly type: 'subscribed' | 'unsubscribed' | 'disconnected' | 'gap' | 'overflow' | 'refused';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  /** The cause of the gap. */
  readonly cause?: 'reconnect' | 'overflow' | 'log';
  /** Messages that were dropped. */
  readonly dropped?: number;
}
