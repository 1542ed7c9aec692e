import { createClient } from 'redis';
import { CHANNEL_PREFIX } from './measured/protocol.js';

/** Messages that go out at once; two such windows are on their way at a time. */
export const WINDOW = 20_000;

/**
 * Publishes windows of numbered messages from inside the server, which is faster than any subscriber reads: what a
 * subscriber has not read waits in the server's output buffer, and it never runs dry.
 */
const SCRIPT = `
  local first, count, channels = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  for number = first, first + count - 1 do
    redis.call('PUBLISH', ARGV[4] .. number % channels, string.format('%08d', number) .. ARGV[5])
  end`;

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

  async publish(first: number, count: number, channels: number, payload: number): Promise<void> {
    const filler = 'x'.repeat(payload - 8);
    const numbers = [first, count, channels].map(String);
    await this.#client.eval(SCRIPT, { arguments: [...numbers, CHANNEL_PREFIX, filler] });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}
