import type { LogClient, LogCommands, StreamEntry } from '../log/log-client.js';
import type { IoredisClient } from './ioredis-client.js';

type Field = string | Buffer;

/** The parts of a client, or of a cluster's. */
type LogSource = Pick<IoredisClient, 'status' | 'connect' | 'disconnect' | 'on' | 'call' | 'callBuffer'>;

/** An ioredis client without subscriptions, in the form in which node-redis reads logs. */
export class LogAdapter implements LogClient {
  readonly #redis: LogSource;
  readonly #prefix: string;

  /** @param redis client that has not connected yet, without a `keyPrefix`: ioredis does not apply it to all commands */
  constructor(redis: LogSource, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  get isOpen(): boolean {
    return !['wait', 'end'].includes(this.#redis.status);
  }

  connect(): Promise<unknown> {
    return this.#redis.connect();
  }

  destroy(): void {
    this.#redis.disconnect();
  }

  on(event: string, listener: () => void): this {
    this.#redis.on(event, listener);
    return this;
  }

  xRange(key: string, start: string, end: string, options?: { COUNT?: number }): Promise<StreamEntry[]> {
    return this.#commands('call').xRange(key, start, end, options);
  }

  xInfoStream(key: string): Promise<{ readonly 'last-generated-id': Field }> {
    return this.#commands('call').xInfoStream(key);
  }

  withTypeMapping(): LogCommands {
    return this.#commands('callBuffer');
  }

  /** The text in front of each key, which a raw command brings along. */
  get _keyPrefix(): string {
    return this.#prefix;
  }

  /** Sends a command as it is; strings of the reply are Buffers if the type mapping says so. */
  sendCommand(
    [command = '', ...args]: readonly Field[],
    options?: { readonly typeMapping?: { readonly 36?: unknown } },
  ): Promise<unknown> {
    return this.#redis[options?.typeMapping?.[36] === Buffer ? 'callBuffer' : 'call'](
      String(command).toLowerCase(),
      ...args,
    );
  }

  #commands(call: 'call' | 'callBuffer') {
    const send = (command: string, ...args: (string | number)[]) => this.#redis[call](command, ...args);
    return {
      xRange: async (key: string, start: string, end: string, { COUNT }: { COUNT?: number } = {}) => {
        const count = COUNT === undefined ? [] : ['COUNT', COUNT];
        const reply = await send('xrange', this.#prefix + key, start, end, ...count);
        return (reply as [Field, Field[]][]).map(([id, fields]) => ({ id, message: fromPairs(fields) }));
      },
      xInfoStream: async (key: string) => {
        const reply = await send('xinfo', 'STREAM', this.#prefix + key);
        // With the replyMapping 'resp3' of ioredis 6 the reply is an object already.
        const info = Array.isArray(reply) ? fromPairs(reply as Field[]) : reply;
        return info as { readonly 'last-generated-id': Field };
      },
    };
  }
}

/** Converts `[key, value, …]` to an object. */
function fromPairs(pairs: readonly Field[]): Record<string, Field> {
  const object: Record<string, Field> = {};
  for (let index = 0; index + 1 < pairs.length; index += 2)
    object[String(pairs[index])] = pairs[index + 1] as Field;
  return object;
}
