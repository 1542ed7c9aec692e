import { getEventListeners } from 'node:events';
import { onAbort } from '../../lib/abort.js';
import { Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const listenersOn = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('onAbort()', () => {
  it('calls the callbacks in order, through one listener on the signal', () => {
    const controller = new AbortController();
    const calls: number[] = [];
    for (const number of [1, 2, 3]) onAbort(controller.signal, () => calls.push(number));
    expect(listenersOn(controller.signal)).toBe(1);
    controller.abort();
    expect(calls).toEqual([1, 2, 3]);
    expect(listenersOn(controller.signal)).toBe(0);
  });

  it('removes the listener with its last callback', () => {
    const { signal } = new AbortController();
    const [removeFirst, removeSecond] = [onAbort(signal, () => {}), onAbort(signal, () => {})];
    removeFirst();
    removeFirst();
    expect(listenersOn(signal)).toBe(1);
    removeSecond();
    expect(listenersOn(signal)).toBe(0);
  });

  it('calls a function as often as it was added', () => {
    const controller = new AbortController();
    const callback = jest.fn();
    const remove = onAbort(controller.signal, callback);
    onAbort(controller.signal, callback);
    onAbort(controller.signal, callback);
    remove();
    controller.abort();
    expect(callback).toHaveBeenCalledTimes(2);
  });

  it('does not call a callback that an earlier one has removed', () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => {
      calls.push('first');
      remove();
    });
    const remove = onAbort(controller.signal, () => calls.push('removed'));
    onAbort(controller.signal, () => calls.push('last'));
    controller.abort();
    expect(calls).toEqual(['first', 'last']);
  });

  it('adds nothing to a signal that has aborted or is aborting', () => {
    const controller = new AbortController();
    const late = jest.fn();
    onAbort(controller.signal, () => onAbort(controller.signal, late));
    controller.abort();
    onAbort(controller.signal, late);
    expect(late).not.toHaveBeenCalled();
    expect(listenersOn(controller.signal)).toBe(0);
  });

  it('calls the other callbacks if one throws, and reports the error', () => {
    jest.useFakeTimers();
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => {
      throw new Error('from a callback');
    });
    onAbort(controller.signal, () => calls.push('other'));
    controller.abort();
    expect(calls).toEqual(['other']);
    expect(() => jest.runAllTimers()).toThrow('from a callback');
    jest.useRealTimers();
  });
});

describe('one signal', () => {
  /** Node warns of a leak at the eleventh listener. */
  const MANY = 1_000;

  it('serves any number of pulls with one listener, and keeps no listener after them', async () => {
    const { signal } = new AbortController();
    const pubSub = new MemoryPubSub();
    await using receiver = new Receiver(pubSub);
    receiver.channel('a');
    await receiver.connect();
    const pulls = Array.from({ length: MANY }, () => receiver.get({ signal }));
    expect(listenersOn(signal)).toBe(1);
    for (let number = 0; number < MANY; number++) pubSub.publish('a', `${number}`);
    const messages = await Promise.all(pulls);
    expect(messages.map((message) => message?.data)).toEqual(messages.map((_, index) => `${index}`));
    expect(listenersOn(signal)).toBe(0);
  });

  it('aborts all waiting pulls', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await using receiver = new Receiver(new MemoryPubSub());
    receiver.channel('a');
    const pulls = Array.from({ length: MANY }, (_, index) =>
      index % 2 ? receiver.get({ signal }) : receiver.waitMessage({ signal }),
    );
    const settled = Promise.allSettled(pulls);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await settled).toEqual(pulls.map(() => ({ status: 'rejected', reason })));
    expect(listenersOn(signal)).toBe(0);
  });

  it('stops any number of Receivers with one listener', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const pubSub = new MemoryPubSub();
    const receivers = Array.from({ length: MANY }, () => new Receiver(pubSub, { signal }));
    for (const receiver of receivers) receiver.channel('a');
    expect(listenersOn(signal)).toBe(1);
    await receivers[0]!.stop();
    expect(listenersOn(signal)).toBe(1);
    controller.abort();
    expect(receivers.some(({ isActive }) => isActive)).toBe(false);
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    expect(listenersOn(signal)).toBe(0);
  });

  it('serves a dozen calls of open() with one listener', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await using server = await RedisServer.start();
    server.freeze();
    const opening = Array.from({ length: 12 }, () => Receiver.open(server.url, { signal }));
    const opened = Promise.all(opening);
    await until(() => listenersOn(signal) > 0);
    expect(listenersOn(signal)).toBe(1);
    server.thaw();
    for (const receiver of await opened) await receiver.stop();
    expect(listenersOn(signal)).toBe(0);
  });

  it('keeps no listener for the attempts on an unreachable cluster', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const most: number[] = [];
    const reconnectStrategy = (retries: number) => {
      most.push(listenersOn(signal));
      return retries < 20 ? 0 : false;
    };
    const url = `redis://127.0.0.1:${await freePort()}`;
    const opening = Receiver.open(
      { rootNodes: [{ url }], defaults: { socket: { reconnectStrategy } } },
      { signal },
    );
    await expect(opening).rejects.toThrow();
    expect(most.length).toBeGreaterThan(20);
    expect(Math.max(...most)).toBeLessThanOrEqual(1);
    expect(listenersOn(signal)).toBe(0);
  });
});
