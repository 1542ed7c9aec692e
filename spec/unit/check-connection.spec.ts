import { checkConnection } from '../../lib/cluster/check-connection.js';
import { SwappableClient } from '../../lib/cluster/swappable-client.js';
import { MemoryNode } from '../support/memory-node.js';

const SOUND = () => Promise.resolve(true);
const INFO = 'id=3 addr=127.0.0.1:1 sub=0 psub=0 ssub=2 multi=-1';

/** A connection whose client believes in `shards` sharded channels, and whose server answers as told. */
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

describe('a look at a connection', () => {
  const answers = { CLIENT: () => Promise.resolve(INFO), PING: () => Promise.resolve('PONG') };

  it('finds nothing wrong where Redis has what the client believes', async () => {
    await expect(connection(2, answers).checkConnection()).resolves.toBe('sound');
  });

  it('finds that Redis has dropped a subscription in silence', async () => {
    await expect(connection(3, answers).checkConnection()).resolves.toBe('astray');
  });

  it('counts nothing while an operation is in flight, or where one was begun meanwhile', async () => {
    const { client, port, checkConnection: lookAt } = connection(3, answers);
    client.withhold();
    void port.sSubscribe('a', () => undefined);
    await expect(lookAt()).resolves.toBe('unclear');
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

  it('is content with a PING where CLIENT INFO is refused, and with Redis before 7.0.3', async () => {
    const refused = { ...answers, CLIENT: () => Promise.reject(new Error('NOPERM')) };
    await expect(connection(3, refused).checkConnection()).resolves.toBe('sound');
    const old = { ...answers, CLIENT: () => Promise.resolve('id=3 sub=0 psub=0 multi=-1') };
    await expect(connection(3, old).checkConnection()).resolves.toBe('sound');
  });

  it('says that the server is not the right one', async () => {
    await expect(connection(2, answers).checkConnection(() => Promise.resolve(false))).resolves.toBe(
      'misplaced',
    );
  });

  it('fails with the connection', async () => {
    const { client, checkConnection: lookAt } = connection(2, {
      CLIENT() {
        client.disconnect();
        return Promise.reject(new Error('Socket closed unexpectedly'));
      },
    });
    await expect(lookAt()).rejects.toThrow('Socket closed');
  });
});
