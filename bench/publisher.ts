import { createClient } from 'redis';

/**
 * Publishes numbered messages from inside the server: what the subscriber has not read yet waits in the server's output
 * buffer, so that the subscriber never runs dry within a window, whatever the speed of the two.
 */
const SCRIPT = `
  local prefix, first, count, channels = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  for number = first, first + count - 1 do
    redis.call('PUBLISH', prefix .. number % channels, ARGV[6] .. string.format('%08d', number) .. ARGV[5] .. ARGV[7])
  end`;

export interface Messages {
  readonly prefix: string;
  readonly channels: number;
  /** Bytes. */
  readonly payload: number;
  /** The number of the first. */
  readonly first: number;
  readonly count: number;
  /** What stands before and behind each message, which `payload` does not count. */
  readonly packet?: readonly [before: string, behind: string];
}

export class Publisher implements AsyncDisposable {
  readonly #client;

  private constructor(url: string) {
    this.#client = createClient({ url });
  }

  static async connect(url: string): Promise<Publisher> {
    const publisher = new Publisher(url);
    await publisher.#client.connect();
    return publisher;
  }

  async publish({ prefix, channels, payload, first, count, packet = ['', ''] }: Messages): Promise<void> {
    const numbers = [first, count, channels].map(String);
    await this.#client.eval(SCRIPT, { arguments: [prefix, ...numbers, 'x'.repeat(payload - 8), ...packet] });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}
