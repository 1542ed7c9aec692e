import type { ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { OpenOptions, OpenReceiverOptions, PubSubClient, TopicDeclarations, Topics } from '../index.js';
import { assertKnownOptions, invalidArgument, optionNames } from '../internal.js';

/** Options of `ReceiverModule.forRoot`: those of a Receiver, its connection, and the names to register. */
export interface ReceiverModuleOptions extends OpenReceiverOptions<unknown> {
  /**
   * Server to connect to, as in `Receiver.open`: a URL, or the options of `createClient`, `createCluster` or
   * `createSentinel`. The client is the Receiver's own, and is closed with it.
   * @default redis://localhost:6379
   */
  readonly redis?: string | OpenOptions | undefined;
  /** Client to borrow, in place of the Receiver's own. The client must be open, and stays open. */
  readonly client?: PubSubClient | undefined;
  /**
   * Topics of the Receiver, which it registers; inject it as `ReceiverOf<typeof topics>`.
   *
   * @see topics
   */
  readonly topics?: Topics<TopicDeclarations> | undefined;
  /** Channels to register, with SUBSCRIBE. */
  readonly channels?: readonly string[] | undefined;
  /** Patterns to register, with PSUBSCRIBE. */
  readonly patterns?: readonly string[] | undefined;
  /** Sharded channels to register, with SSUBSCRIBE. */
  readonly shards?: readonly string[] | undefined;
  /**
   * True to start the application only when Redis has acknowledged everything registered here. From then on, messages wait
   * in the queue until they are taken.
   * @default false: the Receiver subscribes when it is observed, pulled from or connected
   */
  readonly connect?: boolean | undefined;
  /**
   * Callback for each failed attempt to connect, as in `Receiver.open`: when the application starts, and whenever the
   * connection is lost. In addition, the module logs each reason as a warning, once an outage. Not allowed beside `client`,
   * which reconnects by itself.
   */
  readonly onRetry?: OpenReceiverOptions<unknown>['onRetry'];
}

/** Options of a {@link ReceiverModule} that no factory can return, because Nest needs them first. */
export interface ReceiverModuleExtras {
  /**
   * Name for `@InjectReceiver(name)`, where there is more than one Receiver.
   * @default 'default'
   */
  readonly name?: string | undefined;
  /**
   * True if every module can inject the Receiver, false if only the modules that import this one can.
   * @default true
   */
  readonly isGlobal?: boolean | undefined;
}

/** Options of `forRootAsync`: the factory, or the class whose `createReceiverOptions()` is the factory. */
export type ReceiverModuleAsyncOptions = ConfigurableModuleAsyncOptions<
  ReceiverModuleOptions,
  'createReceiverOptions'
> &
  ReceiverModuleExtras;

const OPTIONS = optionNames<ReceiverModuleOptions>({
  redis: true,
  client: true,
  topics: true,
  channels: true,
  patterns: true,
  shards: true,
  connect: true,
  capacity: true,
  maxBytes: true,
  overflow: true,
  codec: true,
  autoStop: true,
  onGap: true,
  heartbeat: true,
  reader: true,
  signal: true,
  onRetry: true,
});

const EXTRAS = optionNames<ReceiverModuleExtras>({ name: true, isGlobal: true });

const ASYNC_OPTIONS = optionNames<ReceiverModuleAsyncOptions>({
  imports: true,
  inject: true,
  useFactory: true,
  useClass: true,
  useExisting: true,
  provideInjectionTokensFrom: true,
  name: true,
  isGlobal: true,
});

/** Checks the options of a module, as the user or a factory gives them. */
export function assertModuleOptions(options: ReceiverModuleOptions): void {
  assertKnownOptions('the options of a ReceiverModule', options, OPTIONS);
  const { client, redis, onRetry } = options;
  if (onRetry !== undefined && typeof onRetry !== 'function')
    throw invalidArgument("the option 'onRetry'", 'a function', onRetry);
  if (client === undefined) return;
  for (const [name, value] of Object.entries({ redis, onRetry }))
    if (value !== undefined) throw invalidArgument(`the option '${name}'`, "left out beside 'client'", value);
}

/** Checks the names of the options of `forRoot`. */
export function assertForRootOptions(options: ReceiverModuleOptions & ReceiverModuleExtras): void {
  assertKnownOptions('the options of a ReceiverModule', options, [...OPTIONS, ...EXTRAS]);
}

/** Checks the names of the options of `forRootAsync`: the factory returns the options of the module itself. */
export function assertForRootAsyncOptions(options: ReceiverModuleAsyncOptions): void {
  assertKnownOptions('the options of ReceiverModule.forRootAsync', options, ASYNC_OPTIONS);
}
