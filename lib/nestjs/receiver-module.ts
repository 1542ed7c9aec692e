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

/** Token of the module's own Receiver, whatever its name. */
const RECEIVER = Symbol('receiver');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<ReceiverModuleOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createReceiverOptions')
    .setExtras<ReceiverModuleExtras>({ name: undefined, isGlobal: true }, provideReceiver)
    .build();

/**
 * Module that provides a Receiver: opened before the application serves, and drained when the application shuts down.
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

  /** Takes the Receiver that Nest injects. */
  constructor(@Inject(RECEIVER) receiver: Receiver<unknown>) {
    super();
    this.#receiver = receiver;
  }

  /**
   * Provides a Receiver with these options.
   *
   * @throws {TypeError} if an option is unknown
   */
  static override forRoot(options: ReceiverModuleOptions & ReceiverModuleExtras = {}): DynamicModule {
    assertForRootOptions(options);
    return super.forRoot(options);
  }

  /**
   * Provides a Receiver with the options that a factory returns.
   *
   * @throws {TypeError} if an option is unknown; the result of the factory is checked when the application starts
   */
  static override forRootAsync(options: ReceiverModuleAsyncOptions): DynamicModule {
    assertForRootAsyncOptions(options);
    return super.forRootAsync(options);
  }

  /**
   * Drains the Receiver. A later hook would hang: Nest then waits for the HTTP responses that the Receiver feeds, and calls
   * `onApplicationShutdown` of the root module, which may wait for the end of the Receiver's stream, before that of this
   * module.
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
        // If a test overrides this provider, no Receiver is opened.
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
