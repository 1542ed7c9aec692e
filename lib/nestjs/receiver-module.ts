import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
} from '@nestjs/common';
import type { Receiver } from '../index.js';
import { ReceiverHandle } from './receiver-handle.js';
import { ReceiverHealthIndicator } from './receiver-health-indicator.js';
import {
  assertForRootAsyncOptions,
  assertForRootOptions,
  type ReceiverModuleAsyncOptions,
  type ReceiverModuleExtras,
  type ReceiverModuleOptions,
} from './receiver-module-options.js';
import { getReceiverToken } from './receiver-token.js';

/** The module's own Receiver, whatever its name. */
const RECEIVER = Symbol('receiver');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<ReceiverModuleOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createReceiverOptions')
    .setExtras<ReceiverModuleExtras>({ name: undefined, isGlobal: true }, provideReceiver)
    .build();

/**
 * Provides a Receiver, opened before the application serves, and drained when it shuts down.
 *
 * ```typescript
 * @Module({
 *   imports: [
 *     ReceiverModule.forRoot({ redis: process.env.REDIS_URL }),
 *     ReceiverModule.forRootAsync({
 *       name: 'prices',
 *       inject: [ConfigService],
 *       useFactory: (config: ConfigService) => ({ redis: config.get('PRICES_URL'), codec: json() }),
 *     }),
 *   ],
 * })
 * ```
 *
 * @see {@link InjectReceiver}
 */
@Module({})
export class ReceiverModule extends ConfigurableModuleClass implements BeforeApplicationShutdown {
  readonly #receiver: Receiver<unknown>;

  /** Nest calls it. */
  constructor(@Inject(RECEIVER) receiver: Receiver<unknown>) {
    super();
    this.#receiver = receiver;
  }

  /**
   * Provides a Receiver with options that are known.
   *
   * @throws {TypeError} an option that is none
   */
  static override forRoot(options: ReceiverModuleOptions & ReceiverModuleExtras = {}): DynamicModule {
    assertForRootOptions(options);
    return super.forRoot(options);
  }

  /**
   * Provides a Receiver with options that something else provides.
   *
   * @throws {TypeError} an option that is none; what the factory returns is checked when the application starts
   */
  static override forRootAsync(options: ReceiverModuleAsyncOptions): DynamicModule {
    assertForRootAsyncOptions(options);
    return super.forRootAsync(options);
  }

  /**
   * Drains the Receiver. Any later would hang: Nest then waits for the HTTP responses that the Receiver feeds, and calls
   * `onApplicationShutdown` of the root module, which may wait for the end of its stream, before that of this one.
   */
  async beforeApplicationShutdown(): Promise<void> {
    await ReceiverHandle.of(this.#receiver)?.receiver.drain();
  }
}

function provideReceiver(definition: DynamicModule, { name, isGlobal }: ReceiverModuleExtras): DynamicModule {
  const receiver = getReceiverToken(name);
  return {
    ...definition,
    global: isGlobal ?? true,
    providers: [
      ...(definition.providers ?? []),
      {
        // Where a test provides another one, nothing is opened.
        provide: receiver,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: async (options: ReceiverModuleOptions) => (await ReceiverHandle.open(options)).receiver,
      },
      { provide: RECEIVER, useExisting: receiver },
      ReceiverHealthIndicator,
    ],
    exports: [receiver, ReceiverHealthIndicator],
  };
}
