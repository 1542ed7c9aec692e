import { createClient } from 'redis';
import { GapError, Receiver, retryRecoverable } from 'rx-redis-receiver';
import { TcpProxy } from '../../spec/support/tcp-proxy.js';
import { until } from '../../spec/support/until.js';
import { Audit } from './audit.js';

/**
 * Listens with a separate client, which the server moves to another connection (`MOVING`), as Redis Enterprise does. The
 * client of `Receiver.open` ignores this notification. A client that follows it cannot reconnect afterwards, so this one
 * gets no other fault.
 */
export async function listenWhileMoved(port: number, names: readonly string[]): Promise<Audit> {
  await using proxy = await TcpProxy.start(port);
  const client = createClient({ url: proxy.url });
  client.on('error', () => undefined);
  await client.connect();
  const audit = new Audit();
  const receiver = new Receiver(client, { onGap: 'error', heartbeat: 0, autoStop: false });
  const received = new Map<string, number>();
  for (const name of names) receiver.channel(name);
  receiver
    .pipe(retryRecoverable({ onError: (error) => error instanceof GapError && audit.recordGap(error) }))
    .subscribe((message) => {
      audit.receive(message);
      received.set(message.channel, (received.get(message.channel) ?? 0) + 1);
    });
  const allReceive = async () => {
    received.clear();
    await until(() => received.size === names.length, { message: 'a message of each channel' });
  };
  try {
    await receiver.connect();
    await allReceive();
    const address = `127.0.0.1:${proxy.port}`;
    proxy.inject(`>4\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n$${address.length}\r\n${address}\r\n`);
    await until(() => audit.gaps > 0, { message: 'the gap of a client that was moved' });
    await allReceive();
  } finally {
    await receiver.stop();
    client.destroy();
  }
  return audit;
}
