/**
 * The counts of a Receiver, in messages unless stated otherwise. If the Receiver was connected throughout,
 * `received = delivered + buffered + dropped + undecodable` at any moment.
 */
export interface ReceiverStats {
  /** Messages from Redis for an open Channel. */
  readonly received: number;
  /** Messages that went to an observer or a pull. */
  readonly delivered: number;
  /** Messages that wait in the queue. */
  readonly buffered: number;
  /** Payload bytes that wait in the queue. */
  readonly bufferedBytes: number;
  /** The largest number of messages that have waited at one time. */
  readonly highWater: number;
  /** Messages that a full queue has dropped. */
  readonly dropped: number;
  /** Messages that came after the end of their Channel or of the Receiver, and were ignored. */
  readonly late: number;
  /** Messages that their codec failed to decode. */
  readonly undecodable: number;
  /** The number of `gap` events. */
  readonly gaps: number;
}
