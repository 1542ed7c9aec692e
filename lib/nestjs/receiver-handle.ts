import { Receiver, type ConnectionRetry, type OpenReceiverOptions } from '../index.js';
import { isAway, messageOf } from '../internal.js';
import { connectionErrorText } from './error-text.js';
import { assertModuleOptions, type ReceiverModuleOptions } from './receiver-module-options.js';
import { RetryLog } from './retry-log.js';

const handles = new WeakMap<object, ReceiverHandle>();

/** Reason why no messages arrive. */
export interface Obstacle {
  /** Text that names the reason. */
  readonly message: string;
  /** Text of the error with which the last try to reconnect failed. */
  readonly error?: string;
  /** Number of tries that have failed since the connection was lost. */
  readonly attempt?: number;
}

/** Receiver of a module, with the known state of its connection. */
export class ReceiverHandle {
  readonly receiver: Receiver<unknown>;
  #isStopped = false;
  /** Last failed attempt to reconnect; undefined before the first one of an outage. */
  #lastRetry: ConnectionRetry | undefined;

  private constructor(receiver: Receiver<unknown>, ownsClient: boolean) {
    this.receiver = receiver;
    handles.set(receiver, this);
    const forget = () => (this.#lastRetry = undefined);
    receiver.events.subscribe({
      next: (event) => {
        if (event.type === 'retry') this.#lastRetry = event;
        if (event.type === 'disconnected') forget();
      },
      complete: () => (this.#isStopped = true),
    });
    // The events of the Receiver do not cover a connection without subscriptions. A borrowed client reports no attempts.
    if (ownsClient) receiver.client.on('ready', forget);
  }

  /** Returns the handle of a Receiver; undefined where another object is provided in its place, as in a test. */
  static of(receiver: Receiver<unknown>): ReceiverHandle | undefined {
    return handles.get(receiver);
  }

  /** Opens a Receiver. Resolves when it is connected to Redis and, with the option `connect`, subscribed. */
  static async open(options: ReceiverModuleOptions): Promise<ReceiverHandle> {
    assertModuleOptions(options);
    const { channels = [], patterns = [], shards = [], connect, ...source } = options;
    const receiver = await openReceiver(source);
    try {
      for (const name of channels) receiver.channel(name);
      for (const glob of patterns) receiver.pattern(glob);
      for (const name of shards) receiver.shard(name);
      if (connect) await receiver.connect();
      return new ReceiverHandle(receiver, options.client === undefined);
    } catch (error) {
      await receiver.stop();
      throw error;
    }
  }

  /** Returns the reason why no messages arrive, if there is one. */
  get obstacle(): Obstacle | undefined {
    const { client } = this.receiver;
    if (this.#isStopped) return { message: 'The Receiver is stopped' };
    if (!client.isOpen) return { message: 'The Redis client is closed' };
    if (!isAway(this.receiver, client)) return undefined;
    const message = 'The connection to Redis is lost';
    if (!this.#lastRetry) return { message };
    const { error, attempt } = this.#lastRetry;
    return { message, error: connectionErrorText(messageOf(error)), attempt };
  }
}

type Source = Omit<ReceiverModuleOptions, 'channels' | 'patterns' | 'shards' | 'connect'>;
/** The Receiver is opened untyped: the user injects it with its type. */
type Untyped = OpenReceiverOptions<unknown> & { readonly topics?: undefined };

/** Makes the Receiver on the given client, or opens it with a client of its own and logs failed attempts to connect. */
async function openReceiver({ redis, client, onRetry, ...source }: Source): Promise<Receiver<unknown>> {
  const options = source as Untyped;
  if (client !== undefined) return new Receiver<unknown>(client, options);
  const log = new RetryLog();
  return Receiver.open<unknown>(redis, {
    ...options,
    // Return the result of the callback: it may be a promise, whose rejection the Receiver reports.
    onRetry: (retry) => {
      log.warn(retry);
      return onRetry?.(retry);
    },
  });
}
