/** What a measured process is to do: its one argument, as JSON. */
export interface MessageTask {
  readonly url: string;
  readonly way: string;
  /** The channels are this and a number. */
  readonly prefix: string;
  readonly channels: number;
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

/** What a measured process tells. */
export type Report = { readonly is: 'ready' } | { readonly is: 'cost'; readonly cost: Cost };
