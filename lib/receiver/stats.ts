/**
 * The counts of a Receiver, in messages where no other unit is given. For a Receiver that is connected throughout,
 * `received = delivered + buffered + dropped + undecodable` at any moment.
 */
export interface ReceiverStats {
  /** Messages from Redis for an open Channel. */
  readonly received: number;
  /** Messages handed to an observer or a pull. */
  readonly delivered: number;
  /** Messages that wait in the queue. */
  readonly buffered: number;
  /** Payload bytes that wait in the queue. */
  readonly bufferedBytes: number;
  /** The largest number of messages that have waited at a time. */
  readonly highWater: number;
  /** Messages that a full queue has dropped or refused. */
  readonly dropped: number;
  /** Messages that arrived after the end of their Channel or of the Receiver, and were ignored. */
  readonly late: number;
  /** Messages that their codec could not decode. */
  readonly undecodable: number;
  /**
   * Messages that the glob of a topic matched, and its template did not; they count as neither received nor dropped.
   * Undefined for a Receiver without topics.
   */
  readonly unmatched?: number;
  /**
   * Messages that recoverable Channels have read from their logs, because they had not arrived. Undefined for a Receiver
   * without such Channels.
   */
  readonly recovered?: number;
  /** Number of `gap` events. */
  readonly gaps: number;
}
