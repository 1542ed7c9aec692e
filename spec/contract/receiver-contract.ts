import { retry, take, tap } from 'rxjs';
import { bytes, Receiver, type Message, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { until } from '../support/until.js';
import type { RedisEnvironment, EnvironmentClient, EnvironmentKind } from './environment.js';

/** Tests the behaviour of a Receiver from outside. */
export function receiverContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let receivers: Receiver<never>[];
  let received: string[];
  let events: ReceiverEvent[];
  const collect = ({ data }: Message) => void received.push(data);
  const eventTypes = () => events.map(({ type }) => type);

  function receiverOn<T = string>(options?: ReceiverOptions<T>): Receiver<T> {
    const receiver = new Receiver<unknown>(client, options as ReceiverOptions<unknown>) as Receiver<T>;
    receivers.push(receiver as Receiver<never>);
    receiver.events.subscribe((event) => events.push(event));
    return receiver;
  }

  const publishAll = async (channel: string, ...list: string[]) => {
    for (const data of list) await environment().publish(channel, data);
  };

  beforeEach(async () => {
    client = await environment().client();
    receivers = [];
    received = [];
    events = [];
  });

  afterEach(() => Promise.all(receivers.map((receiver) => receiver.stop())));

  it('has subscribed when connect() resolves, and leaves no subscription when stop() resolves', async () => {
    const before = client.eventNames();
    const receiver = receiverOn();
    receiver.channel('a');
    receiver.pattern('p*');
    receiver.shard('s');
    await receiver.connect();
    const counts = () =>
      Promise.all([
        environment().subscribers('channel', 'a'),
        environment().subscribers('pattern', 'p*'),
        environment().subscribers('shard', 's'),
      ]);
    expect(await counts()).toEqual([1, 1, 1]);
    await receiver.stop();
    expect(await counts()).toEqual([0, 0, 0]);
    expect(client.eventNames()).toEqual(before);
    expect(client.isOpen).toBe(true);
    expect(eventTypes()).toEqual([
      ...Array<string>(3).fill('subscribed'),
      ...Array<string>(3).fill('unsubscribed'),
    ]);
  });

  it('delivers a message once for its channel, and then once for each matching pattern', async () => {
    const receiver = receiverOn();
    const pattern = receiver.pattern('a*');
    const other = receiver.pattern('?');
    const channel = receiver.channel('a');
    await receiver.connect();
    await publishAll('a', '1', '2');
    await until(() => receiver.stats.received === 6);
    const messages = [];
    for (let i = 0; i < 6; i++) messages.push(await receiver.get());
    for (const [data, ...three] of [
      ['1', ...messages.slice(0, 3)],
      ['2', ...messages.slice(3)],
    ] as const) {
      expect(three[0]).toEqual({ source: channel, channel: 'a', data });
      expect(three.slice(1)).toContainEqual({ source: pattern, channel: 'a', pattern: 'a*', data });
      expect(three.slice(1)).toContainEqual({ source: other, channel: 'a', pattern: '?', data });
    }
  });

  it('keeps the order of messages across all its channels', async () => {
    const receiver = receiverOn();
    const names = abilities.oneOrder ? ['a', 'b', 's'] : ['a', 'b'];
    receiver.channel('a');
    receiver.pattern('b*');
    if (abilities.oneOrder) receiver.shard('s');
    await receiver.connect();
    const expected = Array.from({ length: 60 }, (_, index) => String(index));
    await Promise.all(
      expected.map((data, index) => {
        const name = names[index % names.length]!;
        return name === 's' ? environment().sPublish(name, data) : environment().publish(name, data);
      }),
    );
    receiver.subscribe(collect);
    await until(() => received.length === expected.length);
    expect(received).toEqual(expected);
  });

  it('queues messages from connect() on, and delivers them to any kind of consumer', async () => {
    const receiver = receiverOn();
    receiver.channel('a');
    await receiver.connect();
    await publishAll('a', '1', '2', '3', '4');
    await until(() => receiver.stats.buffered === 4);
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    for await (const { data } of receiver) {
      expect(data).toBe('2');
      break;
    }
    receiver.subscribe(collect);
    expect(received).toEqual(['3', '4']);
    await publishAll('a', '5');
    await until(() => received.includes('5'));
    expect(receiver.stats).toMatchObject({ received: 5, delivered: 5, buffered: 0 });
  });

  it('subscribes a Channel with its first observer, and unsubscribes with its last', async () => {
    const receiver = receiverOn();
    const channel = receiver.channel('a');
    const [one, two] = [channel.subscribe(collect), channel.subscribe(collect)];
    await channel.whenSubscribed();
    await publishAll('a', '1');
    await until(() => received.length === 2);
    one.unsubscribe();
    await publishAll('a', '2');
    await until(() => received.length === 3);
    two.unsubscribe();
    await until(async () => (await environment().subscribers('channel', 'a')) === 0);
    expect(receiver.stats).toMatchObject({ received: 2, buffered: 0 });
  });

  it('loses no message when an observer resubscribes at once', async () => {
    const channel = receiverOn().channel('a');
    let failures = 0;
    channel
      .pipe(
        tap(({ data }) => {
          if (data === 'x') throw new Error(`${failures++}`);
        }),
        retry(),
      )
      .subscribe(collect);
    await channel.whenSubscribed();
    const owner = receiverOn();
    const other = owner.channel('b');
    const again = () => {
      if (owner.isActive) other.pipe(take(1)).subscribe({ next: collect, complete: again });
    };
    again();
    await other.whenSubscribed();
    await Promise.all(['1', 'x', '2', 'x', '3'].map((data) => environment().publish('a', data)));
    await Promise.all(['4', '5', '6'].map((data) => environment().publish('b', data)));
    await until(() => received.length === 6);
    expect(received).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(failures).toBe(2);
    expect(eventTypes()).not.toContain('unsubscribed');
  });

  it('shares the subscriptions of one client among Receivers', async () => {
    const [one, two] = [receiverOn(), receiverOn()];
    for (const receiver of [one, two]) receiver.channel('a').subscribe(collect);
    await Promise.all([one, two].map((receiver) => receiver.channel('a').whenSubscribed()));
    if (abilities.count) expect(await environment().publish('a', '1')).toBe(1);
    else await environment().publish('a', '1');
    await until(() => received.length === 2);
    await one.stop();
    await publishAll('a', '2');
    await until(() => received.length === 3);
  });

  it('delivers unchanged bytes, besides text on the same name', async () => {
    const payload = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const [text, binary] = [receiverOn(), receiverOn({ codec: bytes })];
    text.channel('a');
    binary.channel('a');
    await Promise.all([text.connect(), binary.connect()]);
    await environment().publish('a', payload);
    await expect(binary.get()).resolves.toMatchObject({ data: payload });
    await expect(text.get()).resolves.toMatchObject({ data: payload.toString() });
  });

  it('removes a closed Channel, and continues with the others', async () => {
    const receiver = receiverOn();
    const channel = receiver.channel('a');
    receiver.channel('b');
    await receiver.connect();
    await channel.close();
    expect(await environment().subscribers('channel', 'a')).toBe(0);
    await publishAll('a', 'gone');
    await publishAll('b', '1');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    expect(receiver.stats).toMatchObject({ received: 1, late: 0 });
  });

  it('delivers, when it drains, the messages published before the acknowledgement, and none after it', async () => {
    const receiver = receiverOn();
    receiver.channel('a');
    await receiver.connect();
    const sent = Array.from({ length: 50 }, (_, index) => String(index));
    await Promise.all(sent.map((data) => environment().publish('a', data)));
    await receiver.drain();
    await publishAll('a', 'after');
    for await (const { data } of receiver) received.push(data);
    expect(received).toEqual(sent);
    expect(receiver.stats).toMatchObject({ received: 50, late: 0 });
  });

  if (abilities.withhold) {
    it('ignores, counts and reports messages between stop() and the acknowledgement', async () => {
      const receiver = receiverOn();
      receiver.channel('a');
      await receiver.connect();
      await publishAll('a', '1');
      await until(() => receiver.stats.buffered === 1);
      environment().withhold();
      const stopped = receiver.stop();
      await publishAll('a', '2');
      await until(() => receiver.stats.late === 1);
      environment().acknowledge();
      await stopped;
      expect(events.filter(({ type }) => type === 'late')).toMatchObject([{ channel: 'a', data: '2' }]);
      for await (const { data } of receiver) received.push(data);
      expect(received).toEqual(['1']);
    });

    it('drains the messages between the request and the acknowledgement', async () => {
      const receiver = receiverOn();
      receiver.channel('a');
      await receiver.connect();
      environment().withhold();
      const drained = receiver.drain();
      await publishAll('a', '1');
      await until(() => receiver.stats.buffered === 1);
      environment().acknowledge();
      await drained;
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      expect(receiver.stats.late).toBe(0);
    });
  }

  if (abilities.refuse) {
    it('continues when Redis refuses one name, and can request the name again', async () => {
      await environment().refuse(['x', 'x*'], ['a', 'b', 'p*']);
      const receiver = receiverOn();
      for (const name of ['a', 'x', 'b']) receiver.channel(name);
      receiver.pattern('p*');
      await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE', channel: 'x' });
      await Promise.all(['a', 'b'].map((name) => receiver.channel(name).whenSubscribed()));
      await publishAll('b', '1');
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      await environment().refuse([], ['a', 'b', 'x', 'x*', 'p*']);
      const own = receiver.channel('x').subscribe(collect);
      await receiver.channel('x').whenSubscribed();
      await publishAll('x', '2');
      await until(() => received.includes('2'));
      own.unsubscribe();
    });
  }

  if (abilities.break) {
    it('reports the loss of the connection at once, and a gap before the first message after the reconnection', async () => {
      const receiver = receiverOn();
      receiver.channel('a');
      receiver.pattern('p*');
      await receiver.connect();
      receiver.subscribe(collect);
      receiver.events.subscribe(({ type }) => received.push(type));
      await publishAll('a', '1');
      await until(() => received.length === 1);
      await environment().break();
      await until(() => received.includes('disconnected'));
      await publishAll('a', 'lost');
      await environment().heal();
      await until(async () => (await environment().subscribers('channel', 'a')) === 1);
      await publishAll('a', '2');
      await publishAll('p1', '3');
      await until(() => received.includes('3'));
      expect(received).toEqual(['1', 'disconnected', 'gap', '2', '3']);
      expect(events.find(({ type }) => type === 'gap')).toMatchObject({
        gap: { cause: 'reconnect', channels: [receiver.channel('a'), receiver.pattern('p*')] },
      });
      expect(receiver.stats).toMatchObject({ received: 3, delivered: 3, gaps: 1 });
    });

    it('has exactly the wanted subscriptions, whichever operations were in flight when the connection was lost', async () => {
      const receiver = receiverOn();
      for (const name of ['a', 'b']) receiver.channel(name);
      await receiver.connect();
      environment().withhold();
      const closed = receiver.channel('a').close();
      receiver.channel('c');
      await environment().break();
      receiver.channel('d');
      void receiver.channel('b').close();
      await environment().heal();
      await closed;
      await Promise.all(['c', 'd'].map((name) => receiver.channel(name).whenSubscribed()));
      await until(async () => {
        const counts = await Promise.all(
          ['a', 'b', 'c', 'd'].map((name) => environment().subscribers('channel', name)),
        );
        return counts.join('') === '0011';
      });
      await publishAll('a', 'gone');
      await publishAll('c', '1');
      await publishAll('d', '2');
      receiver.subscribe(collect);
      await until(() => received.length === 2);
      expect(received).toEqual(['1', '2']);
    });

    it('leaves no subscription when it is stopped during an outage', async () => {
      const receiver = receiverOn();
      receiver.channel('a');
      await receiver.connect();
      await environment().break();
      await receiver.stop();
      await environment().heal();
      await until(async () => (await environment().subscribers('channel', 'a')) === 0);
    });

    if (abilities.refuse) {
      it('loses only the Channel that Redis refuses after the reconnection', async () => {
        const receiver = receiverOn();
        for (const name of ['a', 'x']) receiver.channel(name);
        await receiver.connect();
        await environment().break();
        await environment().refuse(['x'], ['a']);
        await environment().heal();
        await until(() => eventTypes().includes('channel-error'));
        await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE', channel: 'x' });
        await until(async () => (await environment().subscribers('channel', 'a')) === 1);
        await publishAll('a', '1');
        await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      });
    }
  }

  it('completes behind the queue when the client is closed', async () => {
    const receiver = receiverOn();
    receiver.channel('a');
    await receiver.connect();
    await publishAll('a', '1');
    await until(() => receiver.stats.buffered === 1);
    await client.close();
    receiver.subscribe({ next: collect, complete: () => received.push('complete') });
    await until(() => received.length === 2);
    expect(received).toEqual(['1', 'complete']);
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });

  it('rejects with a clear error on a client that is not open', async () => {
    await client.close();
    const receiver = receiverOn();
    receiver.channel('a');
    await expect(receiver.connect()).rejects.toMatchObject({ code: 'ERR_SUBSCRIBE' });
  });

  if (abilities.giveUp) {
    it('ends with ConnectionLostError behind the queue when the client gives up', async () => {
      const receiver = receiverOn();
      receiver.channel('a');
      await receiver.connect();
      await publishAll('a', '1');
      await until(() => receiver.stats.buffered === 1);
      await environment().giveUp(client);
      await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
      await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    });
  }
}
