import type { OpenOptions, PubSubClient, ReceiverOptions } from '../index.js';

export interface ReceiverModuleOptions extends ReceiverOptions<unknown> {
  /**
   * What to connect to, as in `Receiver.open`: a URL, or the options of `createClient`, `createCluster` or
   * `createSentinel`. The client is the Receiver's own, and is closed with it.
   * @default redis://localhost:6379
   */
  readonly redis?: string | OpenOptions | undefined;
  /** A client to borrow, in place of one of its own: it has to be open, and stays open. */
  readonly client?: PubSubClient | undefined;
  /** Channels to register: SUBSCRIBE. */
  readonly channels?: readonly string[] | undefined;
  /** Patterns to register: PSUBSCRIBE. */
  readonly patterns?: readonly string[] | undefined;
  /** Sharded channels to register: SSUBSCRIBE. */
  readonly shards?: readonly string[] | undefined;
  /**
   * Whether the application starts only when Redis has acknowledged what is registered here. From then on messages wait
   * in the queue until somebody takes them.
   * @default false: subscribed when somebody observes, pulls or connects
   */
  readonly connect?: boolean | undefined;
}

export interface ReceiverModuleExtras {
  /**
   * What `@InjectReceiver(name)` asks for, where there is more than one.
   * @default 'default'
   */
  readonly name?: string | undefined;
  /**
   * Whether every module can inject it, or only those that import this one.
   * @default true
   */
  readonly isGlobal?: boolean | undefined;
}
