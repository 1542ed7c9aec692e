import { getEventListeners } from 'node:events';
import { asyncScheduler, Subject, takeUntil } from 'rxjs';
import { Receiver, text, type Codec, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

/** Runs an action once, inside the first event of this type. */
function onEvent(receiver: Receiver, type: ReceiverEvent['type'], act: () => void): void {
  const subscription = receiver.events.subscribe((event) => {
    if (event.type !== type) return;
    subscription.unsubscribe();
    act();
  });
}

function fixture() {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  receiver.channel('a');
  receiver.channel('b');
  return { client, receiver };
}

const grace = () => new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve(), 2));

describe('an event handler that stops the Receiver while a pull connects', () => {
  it('ends get() with undefined', async () => {
    const { receiver } = fixture();
    onEvent(receiver, 'subscribed', () => void receiver.stop());
    await expect(receiver.get()).resolves.toBeUndefined();
  });

  it('ends waitMessage() with false', async () => {
    const { receiver } = fixture();
    onEvent(receiver, 'subscribed', () => void receiver.stop());
    await expect(receiver.waitMessage()).resolves.toBe(false);
  });

  it('ends next()', async () => {
    const { receiver } = fixture();
    onEvent(receiver, 'subscribed', () => void receiver.stop());
    await expect(receiver[Symbol.asyncIterator]().next()).resolves.toEqual({ done: true, value: undefined });
  });

  it('ends a pull whose subscription is refused', async () => {
    const { client, receiver } = fixture();
    client.forbidden.add('a');
    onEvent(receiver, 'channel-error', () => void receiver.stop());
    await expect(receiver.waitMessage()).resolves.toBe(false);
  });
});

describe('a signal that aborts', () => {
  it.each(['get', 'waitMessage'] as const)(
    'inside an event rejects %s(), which takes no message',
    async (pull) => {
      const { client, receiver } = fixture();
      const controller = new AbortController();
      onEvent(receiver, 'subscribed', () => controller.abort(new Error('enough')));
      await expect(receiver[pull]({ signal: controller.signal })).rejects.toThrow('enough');
      client.publish('a', '1');
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    },
  );

  it('inside a codec leaves the message in the queue', async () => {
    const controller = new AbortController();
    const codec: Codec<string> = {
      ...text,
      decode(data) {
        controller.abort(new Error('enough'));
        return data.toString();
      },
    };
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    receiver.channel('a', { codec });
    const pull = receiver.get({ signal: controller.signal });
    client.publish('a', '1');
    await expect(pull).rejects.toThrow('enough');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, buffered: 0 });
  });
});

it.each(['observed', 'queued'])(
  'leaves the message to the next observer if the only one unsubscribes inside the codec: %s',
  (how) => {
    const client = new MemoryPubSub();
    let leave = () => {};
    const codec: Codec<string> = {
      ...text,
      decode(data) {
        leave();
        return data.toString();
      },
    };
    const receiver = new Receiver(client, { codec });
    receiver.channel('a');
    if (how === 'queued') {
      void receiver.connect();
      client.publish('a', '1');
    }
    const received: string[] = [];
    const stop = new Subject<void>();
    leave = () => stop.next();
    receiver.pipe(takeUntil(stop)).subscribe(({ data }) => received.push(`first ${data}`));
    if (how === 'observed') client.publish('a', '1');
    leave = () => {};
    receiver.subscribe(({ data }) => received.push(`second ${data}`));
    expect(received).toEqual(['second 1']);
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, buffered: 0 });
  },
);

describe('an observer that resubscribes inside an unsubscribed event', () => {
  it.each([
    ['offline', 0],
    ['beside another Receiver on the same names', 1],
  ])('gets all names subscribed again, %s', async (_, others) => {
    const { client, receiver } = fixture();
    for (let i = 0; i < others; i++) {
      const other = new Receiver(client);
      other.channel('a');
      other.channel('b');
      other.subscribe();
    }
    const received: string[] = [];
    const collect = ({ data }: { data: string }) => void received.push(data);
    const first = receiver.subscribe();
    if (others === 0) client.disconnect();
    onEvent(receiver, 'unsubscribed', () => receiver.subscribe(collect));
    first.unsubscribe();
    await grace();
    if (others === 0) client.reconnect();
    client.publish('a', '1');
    client.publish('b', '2');
    expect(received).toEqual(['1', '2']);
  });
});

it('ends a pull whose client was closed while offline, without an event', async () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  receiver.channel('a');
  await receiver.connect();
  client.disconnect();
  Object.defineProperty(client, 'isOpen', { value: false });
  await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
});
