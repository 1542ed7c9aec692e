import { createClient } from 'redis';
import { RedisServer } from './redis-server.js';

/** Starts one Redis for the tests of a `describe` block, which is emptied before each test. */
export function sharedRedis(): { readonly url: string } {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  beforeEach(async () => {
    const client = await createClient({ url: server.url }).connect();
    await client.flushAll();
    client.destroy();
  });

  afterAll(() => server.stop());

  return {
    get url() {
      return server.url;
    },
  };
}
