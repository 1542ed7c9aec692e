import { Receiver, type PubSubClient } from '../index.js';
import { closeClient, invalidArgument, isAway, openClient } from '../internal.js';
import type { ReceiverModuleOptions } from './receiver-module-options.js';
import { StartLog } from './start-log.js';

const handles = new WeakMap<object, ReceiverHandle>();

/** A module's Receiver, and what is known of its connection. */
export class ReceiverHandle {
  readonly receiver: Receiver<unknown>;
  readonly #client: PubSubClient;
  #isStopped = false;

  private constructor(client: PubSubClient, receiver: Receiver<unknown>) {
    this.#client = client;
    this.receiver = receiver;
    handles.set(receiver, this);
    receiver.events.subscribe({ complete: () => (this.#isStopped = true) });
  }

  /** Missing where something else is provided in the place of a Receiver, as in a test. */
  static of(receiver: Receiver<unknown>): ReceiverHandle | undefined {
    return handles.get(receiver);
  }

  /** Resolves when it may be used: connected to Redis and, if that is asked for, subscribed. */
  static async open(options: ReceiverModuleOptions): Promise<ReceiverHandle> {
    const { redis, client: given, channels = [], patterns = [], shards = [], connect, ...rest } = options;
    if (given !== undefined && redis !== undefined) {
      throw invalidArgument("the option 'redis'", "left out beside 'client'", redis);
    }
    const log = new StartLog();
    const opened = given === undefined ? await openClient(redis, rest.signal, log.watch) : undefined;
    try {
      const receiver = new Receiver(opened ?? (given as PubSubClient), rest);
      if (opened) receiver.events.subscribe({ complete: () => closeClient(opened) });
      for (const name of channels) receiver.channel(name);
      for (const glob of patterns) receiver.pattern(glob);
      for (const name of shards) receiver.shard(name);
      if (connect) await receiver.connect();
      return new ReceiverHandle(opened ?? (given as PubSubClient), receiver);
    } catch (error) {
      if (opened) closeClient(opened);
      throw error;
    } finally {
      log.end();
    }
  }

  /** Why no messages come, if they do not. */
  get obstacle(): string | undefined {
    if (this.#isStopped) return 'The Receiver is stopped';
    if (!this.#client.isOpen) return 'The Redis client is closed';
    if (isAway(this.receiver, this.#client)) return 'The connection to Redis is lost';
    return undefined;
  }
}
