import { asapScheduler, filter, Observable, retry, Subject, Subscription, take, takeUntil } from 'rxjs';
import { Receiver, type GapError, type Message, type ReceiverEvent } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';

/** Calls back at the first event of this type. */
function once(receiver: Receiver, type: ReceiverEvent['type'], work: () => void): void {
  receiver.events
    .pipe(
      filter((event) => event.type === type),
      take(1),
    )
    .subscribe(work);
}

describe('inside an event', () => {
  it.each(['online', 'offline'])(
    "of the type 'unsubscribed', its Channel can be observed again, %s",
    (how) => {
      jest.useFakeTimers();
      const { client, receiver, received, collect, publish } = receiverFixture({ autoStop: false });
      const channel = receiver.channel('a');
      const first = channel.subscribe();
      once(receiver, 'unsubscribed', () => channel.subscribe(collect));
      if (how === 'offline') client.disconnect();
      first.unsubscribe();
      jest.runAllTimers();
      if (how === 'offline') client.reconnect();
      publish('1');
      expect(received).toEqual(['1']);
      void receiver.stop();
      expect([client.subscriptions('channel'), client.eventNames()]).toEqual([[], []]);
      jest.useRealTimers();
    },
  );

  it("of the type 'channel-error', its Channel can be observed again", () => {
    const { client, receiver, received, collect, observer, publish } = receiverFixture();
    client.forbidden.add('a');
    once(receiver, 'channel-error', () => {
      client.forbidden.clear();
      receiver.channel('a').subscribe(collect);
    });
    receiver.channel('a').subscribe(observer);
    publish('1');
    expect(received).toEqual(['SubscribeError', '1']);
  });

  it("of the type 'overflow', the Receiver can be observed", async () => {
    const { receiver, received, collect, publish } = receiverFixture({
      capacity: 2,
      overflow: 'drop-oldest',
    });
    await receiver.connect();
    once(receiver, 'overflow', () => receiver.subscribe(collect));
    publish('1', '2', '3', '4');
    expect(received).toEqual(['2', '3', '4']);
  });

  it("of the type 'gap', an observer can unsubscribe, and no message is lost", async () => {
    const { receiver, received, collect, publish } = receiverFixture({
      capacity: 2,
      overflow: 'drop-oldest',
    });
    await receiver.connect();
    publish('1', '2', '3');
    const leave = new Subject<void>();
    once(receiver, 'gap', () => leave.next());
    receiver.pipe(takeUntil(leave)).subscribe(collect);
    receiver.subscribe(collect);
    expect(received).toEqual(['2', '3']);
    expect(receiver.stats).toMatchObject({ received: 3, delivered: 2, dropped: 1, buffered: 0 });
  });

  it("of the type 'gap', a pull can be aborted that already had its message", async () => {
    const { receiver, publish } = receiverFixture({ capacity: 1, overflow: 'drop-oldest' });
    await receiver.connect();
    publish('1', '2');
    const controller = new AbortController();
    once(receiver, 'gap', () => controller.abort());
    const outcome = await receiver.get({ signal: controller.signal }).then(
      (message) => message?.data,
      () => 'aborted',
    );
    const { delivered, buffered } = receiver.stats;
    expect([outcome === '2' ? 1 : 0, delivered, buffered].join()).toMatch(/^(1,1,0|0,1,0)$/);
  });
});

describe('inside the handler of a Channel', () => {
  it('the Receiver can be stopped: the current message is late for its stream', () => {
    const { receiver, received, observer, publish } = receiverFixture();
    receiver.subscribe(observer);
    receiver.channel('a').subscribe(() => void receiver.stop());
    publish('1');
    expect(received).toEqual(['complete']);
    expect(receiver.stats).toMatchObject({ received: 0, buffered: 0, late: 1 });
  });
});

describe('a client that delivers in the same call', () => {
  it.each(['the Receiver alone', 'a Channel, too'])(
    'keeps the order of messages, observed by %s',
    async (source) => {
      const { client, receiver, received, collect } = receiverFixture();
      /** Calls the listeners as node-redis does; only a test double does so inside one of them. */
      const deliver = (channel: string, data: string) => {
        for (const listener of client.getPubSubListeners('CHANNELS').get(channel)?.strings ?? [])
          listener(data, channel);
      };
      receiver.subscribe((message) => {
        if (message.data === '1') for (const data of ['2', '3']) deliver(data === '2' ? 'b' : 'a', data);
        collect(message);
      });
      if (source !== 'the Receiver alone')
        receiver.channel('a').subscribe(({ data }) => received.push(`own ${data}`));
      await receiver.connect();
      deliver('a', '1');
      expect(received.filter((data) => !data.startsWith('own'))).toEqual(['1', '2', '3']);
      expect(received.filter((data) => data.startsWith('own'))).toEqual(
        source === 'the Receiver alone' ? [] : ['own 1', 'own 3'],
      );
      expect(receiver.stats).toMatchObject({ received: 3, delivered: 3, buffered: 0 });
    },
  );
});

describe('channels that have received messages', () => {
  const listeners = (client: MemoryPubSub, name: string) => [
    ...(client.getPubSubListeners('CHANNELS').get(name)?.strings ?? []),
  ];

  it('are unsubscribed by one command, also inside a message, which arrives once', async () => {
    const { client, receiver, received, collect, publish } = receiverFixture();
    receiver.subscribe(collect);
    await receiver.connect();
    publish('1');
    receiver.subscribe(() => void receiver.stop());
    publish('2', '3');
    expect(received).toEqual(['1', '2']);
    expect(receiver.stats).toMatchObject({ received: 2, delivered: 2, late: 0 });
    expect(client.log).toEqual(['SUBSCRIBE a b', 'UNSUBSCRIBE a b']);
  });

  it('have one listener on the client after every outcome of a command', async () => {
    const { client, receiver, received, collect, publish } = receiverFixture({ autoStop: false });
    const channel = receiver.channel('a');
    const own = channel.subscribe(collect);
    await channel.whenSubscribed();
    const [first] = listeners(client, 'a');
    expect(listeners(client, 'a')).toEqual([first]);
    own.unsubscribe();
    channel.subscribe(collect);
    client.disconnect();
    client.reconnect();
    await channel.whenSubscribed();
    publish('1');
    expect(received).toEqual(['1']);
    expect(listeners(client, 'a')).toHaveLength(1);
    await receiver.stop();
    expect(client.getPubSubListeners('CHANNELS').size).toBe(0);
  });
});

it('ignores an observer that is closed before it subscribes', async () => {
  const { client, receiver, received, collect, publish } = receiverFixture();
  new Observable<Message>((subscriber) => {
    subscriber.complete();
    return receiver.channel('a').subscribe(subscriber);
  }).subscribe();
  receiver.channel('b').subscribe().unsubscribe();
  expect(client.log).toEqual(['SUBSCRIBE b']);
  await receiver.connect();
  publish('1');
  receiver.channel('a').subscribe(collect);
  publish('2');
  expect(received).toEqual(['2']);
});

it('continues after the scheduler has dropped an action, because an action of other code threw', async () => {
  const { receiver, received, collect, publish } = receiverFixture();
  await receiver.connect();
  const schedule = jest.spyOn(asapScheduler, 'schedule').mockReturnValue(Subscription.EMPTY);
  publish('0');
  receiver.subscribe(collect).unsubscribe();
  schedule.mockRestore();
  for (let i = 1; i < 400; i++) {
    publish(String(i));
    await Promise.resolve();
    receiver.subscribe(collect).unsubscribe();
    await Promise.resolve();
  }
  expect(received).toHaveLength(400);
});

it('does not apply the retry of an old attachment to a new one', () => {
  jest.useFakeTimers();
  const { client, receiver, received, collect, publish } = receiverFixture({ autoStop: false });
  client.withhold();
  const first = receiver.channel('a').subscribe();
  client.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  client.acknowledge();
  client.disconnect();
  first.unsubscribe();
  jest.advanceTimersByTime(5);
  client.reconnect();
  receiver.channel('a').subscribe(collect);
  jest.advanceTimersByTime(5_000);
  publish('1');
  expect(received).toEqual(['1']);
  void receiver.stop();
  expect(client.subscriptions('channel')).toEqual([]);
  jest.useRealTimers();
});

it('creates a GapError of its own episode, even after the episode is over', async () => {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client, { capacity: 3, overflow: 'drop-incoming', onGap: 'error' });
  receiver.channel('a');
  await receiver.connect();
  for (const data of ['1', '2', '3', '4', '5']) client.publish('a', data);
  const errors: GapError[] = [];
  const received: string[] = [];
  receiver
    .pipe(retry({ delay: (error: GapError) => [errors.push(error)] }))
    .subscribe(({ data }) => received.push(data));
  expect(received).toEqual(['1', '2', '3']);
  expect(errors[0]?.gap).toMatchObject({ cause: 'overflow', dropped: 2, channels: [receiver.channel('a')] });
});
