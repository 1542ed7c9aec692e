/** Where messages are to be listened to. */
export interface Listening {
  readonly url: string;
  /** The channels are this and a number. */
  readonly prefix: string;
  readonly channels: number;
  /** One pattern takes them all. */
  readonly byPattern: boolean;
}

/** What a measured process is to do: its one argument, as JSON. */
export interface MessageTask extends Listening {
  readonly way: string;
  /** It tells what it has spent each time that it has received so many messages. */
  readonly window: number;
}

export interface SubscribeTask {
  readonly url: string;
  readonly way: string;
  readonly prefix: string;
  readonly channels: number;
}

/** Milliseconds. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** What a window of messages has cost, once its first message was there. */
export interface WindowCost extends Cost {
  /** Messages a second, from the first to the last. */
  readonly rate: number;
  /** Bytes that the process holds at its end. */
  readonly resident: number;
}

/** Nanoseconds from the publisher to the subscriber. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** What a measured process tells. */
export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'cost'; readonly cost: Cost }
  | { readonly is: 'window'; readonly cost: WindowCost }
  | { readonly is: 'latency'; readonly latency: Latency }
  | { readonly is: 'heap'; readonly bytes: number };
