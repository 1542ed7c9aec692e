import { getEventListeners } from 'node:events';
import { NEVER, Subject } from 'rxjs';
import { iterate, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { until } from '../support/until.js';

const listenersOn = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a signal', () => {
  let controller: AbortController;
  let client: MemoryPubSub;
  const reason = new Error('enough');

  beforeEach(() => {
    controller = new AbortController();
    client = new MemoryPubSub({ acknowledge: 'withheld' });
  });

  const waits: [string, (signal: AbortSignal) => Promise<unknown>][] = [
    [
      'connect()',
      (signal) => {
        const receiver = new Receiver(client);
        receiver.channel('a');
        return receiver.connect({ signal });
      },
    ],
    [
      'whenSubscribed()',
      (signal) => {
        const channel = new Receiver(client).channel('a');
        channel.subscribe();
        return channel.whenSubscribed({ signal });
      },
    ],
    ['iterate()', (signal) => iterate(NEVER, { signal }).next()],
  ];

  describe.each(waits)('of %s', (_, wait) => {
    it('ends the wait with its reason', async () => {
      const waiting = wait(controller.signal);
      expect(listenersOn(controller.signal)).toBe(1);
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      expect(listenersOn(controller.signal)).toBe(0);
    });

    it('that has aborted rejects at once', async () => {
      controller.abort(reason);
      await expect(wait(controller.signal)).rejects.toBe(reason);
    });

    it('is an AbortSignal', async () => {
      await expect((async () => wait('x' as never))()).rejects.toThrow(
        "Expected the option 'signal' to be an AbortSignal",
      );
    });
  });

  it('of connect() leaves the Receiver connected', async () => {
    const receiver = new Receiver(client);
    const channel = receiver.channel('a');
    const waiting = receiver.connect({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    client.acknowledge();
    await channel.whenSubscribed();
    client.publish('a', '1');
    await until(() => receiver.stats.buffered === 1);
    await receiver.stop();
  });

  it('of whenSubscribed() leaves nothing behind, on either side', async () => {
    const channel = new Receiver(client).channel('a');
    channel.subscribe();
    const waiting = channel.whenSubscribed({ signal: controller.signal });
    client.acknowledge();
    await waiting;
    expect(listenersOn(controller.signal)).toBe(0);
  });

  it('of iterate() drops what waits, and rejects once', async () => {
    const source = new Subject<number>();
    const iterator = iterate(source, { signal: controller.signal });
    const first = iterator.next();
    source.next(1);
    source.next(2);
    await expect(first).resolves.toEqual({ done: false, value: 1 });
    controller.abort(reason);
    expect(source.observed).toBe(false);
    await expect(iterator.next()).rejects.toBe(reason);
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
  });

  it('of iterate() gets no listener from an iterator that was not started, and keeps none at the end', async () => {
    const source = new Subject<number>();
    const iterator = iterate(source, { signal: controller.signal });
    expect(listenersOn(controller.signal)).toBe(0);
    void iterator.next();
    expect(listenersOn(controller.signal)).toBe(1);
    await iterator.return?.();
    expect(listenersOn(controller.signal)).toBe(0);
  });
});

describe('an unknown option', () => {
  it.each([
    ['connect()', (receiver: Receiver) => receiver.connect({ singal: 1 } as never)],
    [
      'whenSubscribed()',
      (receiver: Receiver) => receiver.channel('a').whenSubscribed({ singal: 1 } as never),
    ],
  ])('of %s rejects', async (_, wait) => {
    await expect(wait(new Receiver(new MemoryPubSub()))).rejects.toThrow("Did you mean 'signal'?");
  });
});
