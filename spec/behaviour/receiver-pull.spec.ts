import { filter, firstValueFrom } from 'rxjs';
import { bytes, ChannelClosedError, json, ReceiverBusyError } from '../../lib/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';

describe('get()', () => {
  it('connects the Receiver with the first pull, and keeps it connected', async () => {
    const { client, receiver, publish } = receiverFixture();
    const first = receiver.get();
    expect(client.log).toEqual(['SUBSCRIBE a b']);
    publish('1', '2');
    await expect(first).resolves.toMatchObject({ channel: 'a', data: '1' });
    await expect(receiver.get()).resolves.toMatchObject({ data: '2' });
    expect(receiver.stats).toMatchObject({ received: 2, delivered: 2 });
  });

  it('serves waiting pulls in their order', async () => {
    const { receiver, publish } = receiverFixture();
    const pulls = [receiver.get(), receiver.get(), receiver.get()];
    publish('1', '2', '3');
    expect((await Promise.all(pulls)).map((message) => message?.data)).toEqual(['1', '2', '3']);
  });

  it('resolves to undefined when the Receiver stops, and rejects once it is stopped and exhausted', async () => {
    const { receiver, publish } = receiverFixture();
    const waiting = receiver.get();
    void receiver.stop();
    await expect(waiting).resolves.toBeUndefined();
    publish('late');
    await expect(receiver.get()).rejects.toMatchObject({
      name: 'ChannelClosedError',
      code: 'ERR_CHANNEL_CLOSED',
    });
  });

  it('takes the queued messages after the end', async () => {
    const { receiver, publish } = receiverFixture();
    await receiver.connect();
    publish('1');
    void receiver.stop();
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toBeInstanceOf(ChannelClosedError);
  });

  it('decodes with a codec of its own', async () => {
    const { receiver, publish } = receiverFixture();
    await receiver.connect();
    publish('{"n":1}', 'ä', 'x');
    await expect(receiver.get({ codec: json<{ n: number }>() })).resolves.toMatchObject({ data: { n: 1 } });
    await expect(receiver.get({ codec: bytes })).resolves.toMatchObject({ data: Buffer.from('ä') });
    await expect(receiver.get()).resolves.toMatchObject({ data: 'x' });
  });

  it('rejects with the reason of its signal, and takes no message', async () => {
    const { receiver, publish } = receiverFixture();
    const controller = new AbortController();
    const aborted = receiver.get({ signal: controller.signal });
    const other = receiver.get();
    controller.abort(new Error('enough'));
    publish('1');
    await expect(aborted).rejects.toThrow('enough');
    await expect(other).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    const served = receiver.get({ signal: new AbortController().signal });
    publish('2');
    await expect(served).resolves.toMatchObject({ data: '2' });
  });

  it('keeps its message when its signal aborts inside the event that reports room in the queue', async () => {
    const { receiver, publish } = receiverFixture({ capacity: 1, overflow: 'drop-incoming' });
    const controller = new AbortController();
    receiver.events.subscribe(({ type }) => type === 'gap' && controller.abort());
    await receiver.connect();
    publish('1', '2', '3');
    const first = receiver.get({ signal: controller.signal });
    await expect(first).resolves.toMatchObject({ data: '1' });
    expect(controller.signal.aborted).toBe(true);
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { receiver, publish } = receiverFixture();
    const { signal } = new AbortController();
    const remove = jest.spyOn(signal, 'removeEventListener');
    const pull = receiver.get({ signal });
    publish('1');
    await pull;
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it('rejects while the Receiver is observed, and works again afterwards', async () => {
    const { receiver, publish, received, collect } = receiverFixture();
    const subscription = receiver.subscribe(collect);
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_RECEIVER_BUSY' });
    await expect(receiver.waitMessage()).rejects.toBeInstanceOf(ReceiverBusyError);
    publish('1');
    subscription.unsubscribe();
    const pull = receiver.get();
    publish('2');
    await expect(pull).resolves.toMatchObject({ data: '2' });
    expect(received).toEqual(['1']);
  });

  it('makes an observer fail with ReceiverBusyError while it waits', async () => {
    const { receiver, publish, received, observer } = receiverFixture();
    const pull = receiver.get();
    receiver.subscribe(observer);
    expect(received).toEqual(['ReceiverBusyError']);
    publish('1');
    await expect(pull).resolves.toMatchObject({ data: '1' });
    receiver.subscribe(observer);
    publish('2');
    expect(received.slice(1)).toEqual(['2']);
  });

  it('takes a message that is larger than the queue if it is waiting', async () => {
    const { receiver, publish } = receiverFixture({ maxBytes: 1 });
    const pull = receiver.get();
    publish('large');
    await expect(pull).resolves.toMatchObject({ data: 'large' });
  });
});

describe('waitMessage()', () => {
  it('resolves to true when a message can be taken, and does not take it', async () => {
    const { receiver, publish } = receiverFixture();
    const waiting = receiver.waitMessage();
    publish('1');
    await expect(waiting).resolves.toBe(true);
    await expect(receiver.waitMessage()).resolves.toBe(true);
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
  });

  it('resolves to false when no message will come', async () => {
    const { receiver } = receiverFixture();
    const waiting = receiver.waitMessage();
    await receiver.stop();
    await expect(waiting).resolves.toBe(false);
    await expect(receiver.waitMessage()).resolves.toBe(false);
  });

  it('resolves to true on a stopped Receiver while the queue has messages', async () => {
    const { receiver, publish } = receiverFixture();
    await receiver.connect();
    publish('1');
    await receiver.stop();
    await expect(receiver.waitMessage()).resolves.toBe(true);
    await receiver.get();
    await expect(receiver.waitMessage()).resolves.toBe(false);
  });

  it('waits in one line with get(), in their order', async () => {
    const { receiver, publish } = receiverFixture();
    const order: string[] = [];
    const pulls = [
      receiver.get().then((message) => order.push(`get ${message?.data}`)),
      receiver.waitMessage().then(() => order.push('wait')),
    ];
    publish('1');
    await pulls[0];
    expect(order).toEqual(['get 1']);
    publish('2');
    await pulls[1];
    expect(order).toEqual(['get 1', 'wait']);
  });

  it('rejects with the reason of its signal', async () => {
    const { receiver } = receiverFixture();
    const controller = new AbortController();
    const waiting = receiver.waitMessage({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('for await', () => {
  it('ends after stop(), once the queue is empty', async () => {
    const { receiver, publish, received } = receiverFixture();
    await receiver.connect();
    publish('1', '2');
    void receiver.stop();
    for await (const { data } of receiver) received.push(data);
    expect(received).toEqual(['1', '2']);
  });

  it('ends when the Receiver stops while it waits', async () => {
    const { receiver, publish, received } = receiverFixture();
    const loop = (async () => {
      for await (const { data } of receiver) received.push(data);
    })();
    publish('1');
    await receiver.stop();
    await loop;
    expect(received).toEqual(['1']);
  });

  it('keeps the rest in the queue at a break, and unsubscribes', async () => {
    const { client, receiver, publish, received } = receiverFixture();
    const iterator = receiver[Symbol.asyncIterator]();
    const first = iterator.next();
    publish('1', '2', '3');
    expect((await first).value).toMatchObject({ data: '1' });
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(receiver.stats.buffered).toBe(2);
    for await (const { data } of receiver) {
      received.push(data);
      if (data === '3') break;
    }
    expect(received).toEqual(['2', '3']);
    await receiver.stop();
    expect(client.subscriptions('channel')).toEqual([]);
  });

  it('connects the Receiver only while it runs', async () => {
    const { client, receiver } = receiverFixture();
    const iterator = receiver[Symbol.asyncIterator]();
    expect(client.log).toEqual([]);
    void iterator.next();
    expect(client.subscriptions('channel')).toEqual(['a', 'b']);
    const released = firstValueFrom(client.commands.pipe(filter((command) => command.startsWith('UN'))));
    await iterator.return?.();
    await released;
    expect(client.subscriptions('channel')).toEqual([]);
  });

  it('ends its waiting pulls when it returns', async () => {
    const { receiver, publish } = receiverFixture();
    const iterator = receiver[Symbol.asyncIterator]();
    const waiting = [iterator.next(), iterator.next()];
    const done = { done: true, value: undefined };
    await expect(iterator.return?.()).resolves.toEqual(done);
    await expect(Promise.all(waiting)).resolves.toEqual([done, done]);
    const pull = receiver.get();
    publish('1');
    await expect(pull).resolves.toMatchObject({ data: '1' });
  });

  it('delivers each message to one of several iterators', async () => {
    const { receiver, publish } = receiverFixture();
    const [one, two] = [receiver[Symbol.asyncIterator](), receiver[Symbol.asyncIterator]()];
    const results = [one.next(), two.next(), one.next()];
    publish('1', '2', '3');
    const messages = await Promise.all(results);
    expect(messages.map(({ value }) => (value as { data: string }).data)).toEqual(['1', '2', '3']);
  });

  it('rejects at the place of an error, and continues after it in a new loop', async () => {
    const { client, receiver, received } = receiverFixture({ codec: json<string>() });
    await receiver.connect();
    for (const data of ['"1"', '{', '"2"']) client.publish('a', data);
    const loop = async () => {
      for await (const { data } of receiver) {
        received.push(data);
        if (data === '2') return;
      }
    };
    await expect(loop()).rejects.toMatchObject({ name: 'DecodeError' });
    await loop();
    expect(received).toEqual(['1', '2']);
  });

  it('rejects with an error that is passed to throw()', async () => {
    const { receiver } = receiverFixture();
    const iterator = receiver[Symbol.asyncIterator]();
    await expect(iterator.throw?.(new Error('thrown'))).rejects.toThrow('thrown');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
