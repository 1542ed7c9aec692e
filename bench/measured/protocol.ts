/** The channels are this and a number. */
export const CHANNEL_PREFIX = 'bench:';

/** What a measured process is to do: its one argument, as JSON. */
export interface MessageTask {
  readonly url: string;
  readonly way: string;
  readonly channels: number;
  readonly warmUp: number;
  readonly messages: number;
  /** It reports each time that it has received so many. */
  readonly window: number;
}

export interface SubscribeTask {
  readonly url: string;
  readonly way: string;
  readonly subscriptions: number;
}

/** Milliseconds. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** What a measured process tells. */
export type Report = { readonly is: 'ready' | 'window' } | { readonly is: 'done'; readonly cost: Cost };
