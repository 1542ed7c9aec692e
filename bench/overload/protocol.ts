/** Counts of a consumer so far. */
export interface Counts {
  received: number;
  handled: number;
  dropped: number;
  /** Number of lost connections. */
  cuts: number;
  /** Callback that brings the counts up to date. */
  onSample?: () => void;
}

export interface Sample extends Omit<Counts, 'onSample'> {
  /** Resident memory in bytes. */
  readonly memory: number;
}

export interface Task {
  readonly consumer: string;
  readonly url: string;
  readonly channel: string;
  /** Messages that the consumer handles in a second. */
  readonly speed: number;
}
