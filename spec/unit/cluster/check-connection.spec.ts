import { checkConnection } from '../../../lib/cluster/check-connection.js';
import { SwappableClient } from '../../../lib/cluster/swappable-client.js';
import { MemoryNode } from '../../support/memory-node.js';

const SOUND = () => Promise.resolve(true);
const INFO = 'id=3 addr=127.0.0.1:1 sub=0 psub=0 ssub=2 multi=-1';

/** Returns a connection whose client has `shards` sharded channels, and whose server gives these replies. */
function connection(shards: number, answers: MemoryNode['answers']) {
  const client = new MemoryNode(answers);
  void client.sSubscribe(
    Array.from({ length: shards }, (_, index) => `shard ${index}`),
    () => undefined,
  );
  const port = new SwappableClient();
  port.plug(client);
  return { client, port, checkConnection: (isSound = SOUND) => checkConnection(client, port, isSound) };
}

describe('a check of a connection', () => {
  const answers = { CLIENT: () => Promise.resolve(INFO), PING: () => Promise.resolve('PONG') };

  it('passes if Redis has the subscriptions of the client', async () => {
    await expect(connection(2, answers).checkConnection()).resolves.toBe('sound');
  });

  it('detects that Redis has dropped a subscription without notice', async () => {
    await expect(connection(3, answers).checkConnection()).resolves.toBe('astray');
  });

  it('compares no counts while an operation is in flight, or if one began during the check', async () => {
    const { client, port, checkConnection: check } = connection(3, answers);
    client.withhold();
    void port.sSubscribe('a', () => undefined);
    await expect(check()).resolves.toBe('unclear');
    const other = connection(3, {
      ...answers,
      CLIENT() {
        other.client.withhold();
        void other.port.sSubscribe('a', () => undefined);
        return Promise.resolve(INFO);
      },
    });
    await expect(other.checkConnection()).resolves.toBe('unclear');
  });

  it('falls back to a PING if CLIENT INFO is refused, and before Redis 7.0.3', async () => {
    const refused = { ...answers, CLIENT: () => Promise.reject(new Error('NOPERM')) };
    await expect(connection(3, refused).checkConnection()).resolves.toBe('sound');
    const old = { ...answers, CLIENT: () => Promise.resolve('id=3 sub=0 psub=0 multi=-1') };
    await expect(connection(3, old).checkConnection()).resolves.toBe('sound');
  });

  it('detects that the connection leads to the wrong server', async () => {
    await expect(connection(2, answers).checkConnection(() => Promise.resolve(false))).resolves.toBe(
      'misplaced',
    );
  });

  it('fails when the connection is lost', async () => {
    const { client, checkConnection: check } = connection(2, {
      CLIENT() {
        client.disconnect();
        return Promise.reject(new Error('Socket closed unexpectedly'));
      },
    });
    await expect(check()).rejects.toThrow('Socket closed');
  });
});
