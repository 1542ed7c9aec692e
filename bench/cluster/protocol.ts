export interface Task {
  readonly contestant: string;
  readonly rootNodes: { url: string }[];
  readonly channels: number;
}

/** Cost in milliseconds, of the clock and of the processor. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}
