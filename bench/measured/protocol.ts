/** Server and channels whose messages a process receives. */
export interface Listening {
  readonly url: string;
  /** Prefix of the channel names, before a number. */
  readonly prefix: string;
  readonly channels: number;
  /** True if one pattern takes all channels. */
  readonly byPattern: boolean;
}

/** Task of a measured process: its one argument, as JSON. */
export interface MessageTask extends Listening {
  readonly way: string;
  /** Number of messages after which the process reports its cost, each time. */
  readonly window: number;
}

export interface SubscribeTask {
  readonly url: string;
  readonly way: string;
  readonly prefix: string;
  readonly channels: number;
}

export interface HandlerTask {
  readonly way: string;
  /** Number of values after which the process reports its cost, each time. */
  readonly window: number;
  /** Number of values that arrive at once; a window is a multiple of it. */
  readonly burst: number;
}

/** Cost in milliseconds. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** Cost of a window of messages, since the end of the window before. */
export interface WindowCost extends Cost {
  /** Messages a second, from the first message to the last. */
  readonly rate: number;
  /** Resident memory of the process at the end of the window, in bytes. */
  readonly resident: number;
}

/** Latency in nanoseconds, from the publisher to the subscriber. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Report of a measured process. */
export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'cost'; readonly cost: Cost }
  | { readonly is: 'window'; readonly cost: WindowCost }
  | { readonly is: 'latency'; readonly latency: Latency }
  | { readonly is: 'heap'; readonly bytes: number };
