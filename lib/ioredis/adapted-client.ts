import type { PubSubClient } from '../hub/client.js';
import type { LogClient, ScriptClient, ScriptOptions } from '../log/log-client.js';
import type { Publisher } from '../publisher.js';
import { prefixOf } from './acknowledged-names.js';
import { publish, runScript } from './commands.js';
import { shownOptions, type IoredisInternals, type ShownOptions } from './ioredis-client.js';
import { LogAdapter } from './log-adapter.js';
import { PubSubAdapter } from './pub-sub-adapter.js';

/** An ioredis client as this package takes it, for a Receiver, for `publishTo()` and for `recoverable()`. */
export interface AdaptedIoredis extends PubSubClient, Required<Publisher>, Required<ScriptClient> {
  publish(channel: string, message: string | Buffer): Promise<number>;
  sPublish(channel: string, message: string | Buffer): Promise<number>;
  /** Creates a client that reads the logs of recoverable Channels. */
  duplicate(): LogClient;
}

/** The adapter of a client with the commands that are not about subscriptions. */
export class AdaptedClient extends PubSubAdapter implements AdaptedIoredis {
  readonly options: ShownOptions;
  readonly #redis: IoredisInternals;

  constructor(redis: IoredisInternals) {
    super(redis);
    this.#redis = redis;
    this.options = shownOptions(redis);
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return publish(this.#redis, 'publish', channel, message);
  }

  sPublish(channel: string, message: string | Buffer): Promise<number> {
    return publish(this.#redis, 'spublish', channel, message);
  }

  eval(script: string, options: ScriptOptions): Promise<unknown> {
    return runScript(this.#redis, prefixOf(this.#redis), 'eval', script, options);
  }

  evalSha(sha1: string, options: ScriptOptions): Promise<unknown> {
    return runScript(this.#redis, prefixOf(this.#redis), 'evalsha', sha1, options);
  }

  duplicate(): LogClient {
    const redis = this.#redis.duplicate({ lazyConnect: true, keyPrefix: '', enableAutoPipelining: false });
    return new LogAdapter(redis, prefixOf(this.#redis));
  }
}
