/** What a consumer has counted so far. */
export interface Counts {
  received: number;
  handled: number;
  dropped: number;
  /** Connections that were lost. */
  cuts: number;
  /** Brings the others up to date. */
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
  /** Messages that it handles in a second. */
  readonly speed: number;
}
