import type { LogClient } from '../../../lib/log/log-client.js';
import { readInfo } from '../../../lib/streams/stream-commands.js';

describe('readInfo', () => {
  // node-redis gives a command the reply to another one where it has lost count of its replies.
  it.each([['OK'], [null], [[]], [[['stream', []]]]])('takes no state from the reply %j', async (reply) => {
    const client = { sendCommand: () => Promise.resolve(reply) } as unknown as LogClient;
    await expect(readInfo(client, 'stream', false)).rejects.toThrow(/XINFO STREAM/);
  });
});
