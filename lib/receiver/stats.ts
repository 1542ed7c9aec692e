/**
 * What a Receiver has counted, in messages unless it says otherwise. At any moment
 * `received = delivered + buffered + dropped + undecodable` for a Receiver that was connected throughout.
 */
export interface ReceiverStats {
  /** Came from Redis for an open Channel. */
  readonly received: number;
  /** Handed to an observer or a pull. */
  readonly delivered: number;
  /** Wait in the queue. */
  readonly buffered: number;
  /** Payload bytes that wait in the queue. */
  readonly bufferedBytes: number;
  /** The most that ever waited. */
  readonly highWater: number;
  /** Lost to a full queue. */
  readonly dropped: number;
  /** Came after the end and were ignored. */
  readonly late: number;
  /** Made their codec fail. */
  readonly undecodable: number;
  /** `gap` events. */
  readonly gaps: number;
}
