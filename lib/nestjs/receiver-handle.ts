import { Receiver, type ConnectionRetry } from '../index.js';
import { isAway, messageOf } from '../internal.js';
import { connectionErrorText } from './error-text.js';
import { assertModuleOptions, type ReceiverModuleOptions } from './receiver-module-options.js';
import { RetryLog } from './retry-log.js';

const handles = new WeakMap<object, ReceiverHandle>();

/** Why no messages come. */
export interface Obstacle {
  readonly message: string;
  /** Text of the error with which the last try to reconnect failed. */
  readonly error?: string;
  /** Number of tries that have failed since the connection was lost. */
  readonly attempt?: number;
}

/** A module's Receiver, and what is known of its connection. */
export class ReceiverHandle {
  readonly receiver: Receiver<unknown>;
  #isStopped = false;
  /** The last try that failed; none before the first one of an outage. */
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
    // The events tell nothing of a connection on which nothing is subscribed. A borrowed client tells of no tries.
    if (ownsClient) receiver.client.on('ready', forget);
  }

  /** Returns undefined where something else is provided in the place of a Receiver, as in a test. */
  static of(receiver: Receiver<unknown>): ReceiverHandle | undefined {
    return handles.get(receiver);
  }

  /** Resolves when it may be used: connected to Redis and, if that is asked for, subscribed. */
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

  /** Returns why no messages come, if they do not. */
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

/** Makes the Receiver on the client that is given, or opens it with one of its own, and logs each try that fails. */
async function openReceiver({ redis, client, onRetry, ...options }: Source): Promise<Receiver<unknown>> {
  if (client !== undefined) return new Receiver(client, options);
  const log = new RetryLog();
  return Receiver.open(redis, {
    ...options,
    // What it returns may be a promise, whose rejection the Receiver reports.
    onRetry: (retry) => {
      log.warn(retry);
      return onRetry?.(retry);
    },
  });
}
