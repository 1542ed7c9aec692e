import { concatMap, EMPTY, filter, mergeMap, repeat, retry, take, takeUntil, throwError, timer } from 'rxjs';
import { bytes, ChannelClosedError, json, Receiver, SubscribeError } from '../../lib/index.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';
import { dataOf } from '../support/data-of.js';
import { until } from '../support/until.js';

describe('a Channel, cold to hot', () => {
  it('subscribes with its first observer, is shared, and unsubscribes with its last', () => {
    marbles(({ receiver, publish, commands, expectObservable }) => {
      const channel = receiver.channel('a');
      publish('a', '               -a-b-c-d-e-|');
      const first = '               --^----!';
      const expectedFirst = '       ---b-c--';
      const second = '              ----^----!';
      const expectedSecond = '      -----c-d-';
      const expectedCommands = '    --s------u';
      expectObservable(dataOf(channel), first).toBe(expectedFirst);
      expectObservable(dataOf(channel), second).toBe(expectedSecond);
      expectObservable(commands).toBe(expectedCommands, { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
    });
  });

  it.each([
    ['channel', 'SUBSCRIBE a', 'UNSUBSCRIBE a'],
    ['pattern', 'PSUBSCRIBE a', 'PUNSUBSCRIBE a'],
    ['shard', 'SSUBSCRIBE a', 'SUNSUBSCRIBE a'],
  ] as const)('speaks to Redis in the words of a %s', (kind, subscribe, unsubscribe) => {
    marbles(({ receiver, commands, expectObservable }) => {
      expectObservable(receiver[kind]('a'), '-^--!').toBe('-----');
      expectObservable(commands).toBe('            -s--u', { s: subscribe, u: unsubscribe });
    });
  });

  it('sends SUBSCRIBE in the same tick, and nothing while it is only registered', () => {
    const client = new MemoryPubSub();
    const channel = new Receiver(client).channel('a');
    expect(client.log).toEqual([]);
    channel.subscribe();
    expect(client.log).toEqual(['SUBSCRIBE a']);
  });

  it('does not connect its Receiver, which queues none of its messages', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    receiver.channel('b');
    receiver.channel('a').subscribe();
    client.publish('a', '1');
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1, buffered: 0 });
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it.each([
    [
      'retry',
      () =>
        [
          mergeMap(({ data }: { data: string }) =>
            data === 'x' ? throwError(() => new Error('x')) : [data],
          ),
          retry(),
        ] as const,
    ],
    [
      'repeat',
      () => [concatMap(({ data }: { data: string }) => (data === 'x' ? EMPTY : [data])), repeat()] as const,
    ],
  ])('loses no message and sends no command with %s()', (_name, operators) => {
    marbles(({ receiver, publish, commands, expectObservable }) => {
      const [first, second] = operators();
      publish('a', '                                            -a-(xbx)-c');
      expectObservable(receiver.channel('a').pipe(first, second)).toBe('-a-b-----c');
      expectObservable(commands).toBe('                          s---------', { s: 'SUBSCRIBE a' });
    });
  });

  it('loses no message when an observer resubscribes some microtasks later, in the middle of a chunk', async () => {
    const client = new MemoryPubSub();
    const channel = new Receiver(client).channel('a');
    const received: string[] = [];
    channel.pipe(take(1)).subscribe(({ data }) => received.push(data));
    client.publish('a', '1');
    client.publish('a', '2');
    await Promise.resolve().then(() => undefined);
    channel.subscribe(({ data }) => received.push(data));
    client.publish('a', '3');
    expect(received).toEqual(['1', '2', '3']);
    expect(client.log).toEqual(['SUBSCRIBE a']);
  });

  it('keeps no message for an observer that resubscribes after the grace period', () => {
    marbles(({ receiver, publish, commands, expectObservable }) => {
      const channel = receiver.channel('a');
      publish('a', '                                   a-b-c-d-e');
      expectObservable(dataOf(channel), '              -^--!').toBe('--b--');
      expectObservable(dataOf(channel), '              -----^-').toBe('------d-e');
      expectObservable(commands).toBe('                -s--us', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
    });
  });

  it('receives nothing until it is resubscribed if an observer subscribes during the UNSUBSCRIBE', async () => {
    const client = new MemoryPubSub();
    const channel = new Receiver(client).channel('a');
    channel.subscribe().unsubscribe();
    client.withhold();
    await until(() => client.log.includes('UNSUBSCRIBE a'));
    const received: string[] = [];
    channel.subscribe(({ data }) => received.push(data));
    client.publish('a', 'of which the next would be missing');
    client.acknowledgeNext();
    client.publish('a', 'missing');
    client.acknowledge(() => client.publish('a', '1'));
    client.publish('a', '2');
    expect(received).toEqual(['1', '2']);
  });

  it('continues with the other observers when one throws', () => {
    marbles(({ receiver, publish, expectObservable }) => {
      const channel = receiver.channel('a');
      publish('a', '                                  -a-b');
      const failing = channel.pipe(mergeMap(() => throwError(() => 'oh')));
      expectObservable(failing).toBe('                -#', undefined, 'oh');
      expectObservable(dataOf(channel)).toBe('        -a-b');
    });
  });
});

describe('close()', () => {
  it('completes the observers, unsubscribes at once, and removes the Channel from the Receiver', () => {
    marbles(
      ({ receiver, publish, at, commands, expectObservable, flush }) => {
        const channel = receiver.channel('a');
        publish('a', '                           -a-b-c');
        at('                                     ----x', () => void channel.close());
        expectObservable(dataOf(channel)).toBe(' -a-b|');
        expectObservable(commands).toBe('        s---u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
        flush();
        expect([...receiver.channels]).toEqual([]);
        expect(channel.isActive).toBe(false);
      },
      { autoStop: false },
    );
  });

  it('frees the name for a new Channel', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { autoStop: false });
    const first = receiver.channel('a');
    await first.close();
    await first.close();
    const second = receiver.channel('a');
    expect(second).not.toBe(first);
    expect(second.isActive).toBe(true);
  });

  it('completes each later observer', () => {
    marbles(({ receiver, expectObservable }) => {
      const channel = receiver.channel('a');
      void channel.close();
      expectObservable(channel).toBe('|');
    });
  });

  it('reports the messages between the call and the acknowledgement', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { autoStop: false });
    const late: unknown[] = [];
    receiver.events.subscribe((event) => event.type === 'late' && late.push(event.data));
    const channel = receiver.channel('a');
    channel.subscribe();
    client.withhold();
    void channel.close();
    client.publish('a', '1');
    client.acknowledge();
    client.publish('a', '2');
    expect(late).toEqual(['1']);
    expect(receiver.stats).toMatchObject({ late: 1, received: 0 });
  });
});

describe('whenSubscribed()', () => {
  it('sends nothing, and resolves with the acknowledgement', async () => {
    const client = new MemoryPubSub();
    const channel = new Receiver(client).channel('a');
    const subscribed = jest.fn();
    const promise = channel.whenSubscribed().then(subscribed);
    expect(client.log).toEqual([]);
    client.withhold();
    channel.subscribe();
    await Promise.resolve();
    expect(subscribed).not.toHaveBeenCalled();
    client.acknowledge();
    await promise;
    await expect(channel.whenSubscribed()).resolves.toBeUndefined();
  });

  it('rejects when Redis refuses, and resolves once a new observer has succeeded', async () => {
    const client = new MemoryPubSub();
    client.forbidden.add('a');
    const channel = new Receiver(client).channel('a');
    const waiting = channel.whenSubscribed();
    channel.subscribe({ error: () => undefined });
    await expect(waiting).rejects.toMatchObject({
      name: 'SubscribeError',
      code: 'ERR_SUBSCRIBE',
      channel: 'a',
    });
    await expect(channel.whenSubscribed()).rejects.toBeInstanceOf(SubscribeError);
    client.forbidden.clear();
    channel.subscribe();
    await channel.whenSubscribed();
  });

  it('rejects when the Channel is closed before or during the wait', async () => {
    const channel = new Receiver(new MemoryPubSub()).channel('a');
    const waiting = channel.whenSubscribed();
    const expectations = expect(waiting).rejects.toBeInstanceOf(ChannelClosedError);
    await channel.close();
    await expectations;
    await expect(channel.whenSubscribed()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });

  it('waits for the end of an outage', async () => {
    const client = new MemoryPubSub();
    const channel = new Receiver(client).channel('a');
    channel.subscribe();
    client.disconnect();
    const subscribed = jest.fn();
    const promise = channel.whenSubscribed().then(subscribed);
    await Promise.resolve();
    expect(subscribed).not.toHaveBeenCalled();
    client.reconnect();
    await promise;
  });
});

describe('several Receivers on one client', () => {
  it('share the subscriptions of the client', () => {
    marbles(({ redis: client, receiver, publish, commands, expectObservable }) => {
      const other = new Receiver(client);
      publish('a', '                                             -a-b-c-d-');
      expectObservable(dataOf(receiver.channel('a')), '          ^----!').toBe('-a-b-');
      expectObservable(dataOf(other.channel('a')), '             --^-----!').toBe('---b-c-d');
      expectObservable(commands).toBe('                          s-------u', {
        s: 'SUBSCRIBE a',
        u: 'UNSUBSCRIBE a',
      });
    });
  });

  it('share a channel that one of them decodes as text, and the other as bytes', () => {
    const client = new MemoryPubSub();
    const received: unknown[] = [];
    const asText = new Receiver(client).channel('a').subscribe(({ data }) => received.push(data));
    client.publish('a', 'ä');
    const receiver = new Receiver<unknown>(client);
    const asBytes = receiver.channel('a', { codec: bytes }).subscribe(({ data }) => received.push(data));
    client.publish('a', 'ö');
    expect(received).toEqual(['ä', 'ö', Buffer.from('ö')]);
    asText.unsubscribe();
    client.publish('a', 'ü');
    expect(received.slice(3)).toEqual([Buffer.from('ü')]);
    asBytes.unsubscribe();
  });

  it('have the wanted subscription in the end, however they come and go while operations are in flight', () => {
    marbles(({ redis: client, receiver, publish, expectObservable, at, flush }) => {
      client.withhold();
      const other = new Receiver(client);
      expectObservable(dataOf(receiver.channel('a')), '^-!');
      expectObservable(dataOf(other.channel('a')), '   -^---').toBe('-------a');
      at('                                             -----x', () => client.acknowledge());
      publish('a', '                                   -------a');
      flush();
      expect(client.log).toEqual(['SUBSCRIBE a']);
      expect(client.subscriptions('channel')).toEqual(['a']);
    });
  });
});

describe('an observer that subscribes again inside an event', () => {
  it('gets the name subscribed again, and receives messages', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const received: string[] = [];
    const channel = receiver.channel('a');
    receiver.pattern('*');
    receiver.events
      .pipe(
        filter(({ type }) => type === 'unsubscribed'),
        take(1),
      )
      .subscribe(() => {
        receiver.channel('a').subscribe(({ data }) => received.push(data));
      });
    channel.subscribe();
    void channel.close();
    expect(client.log).toEqual(['SUBSCRIBE a', 'UNSUBSCRIBE a', 'SUBSCRIBE a']);
    client.publish('a', '1');
    expect(received).toEqual(['1']);
    void receiver.stop();
    expect(client.subscriptions('channel')).toEqual([]);
  });
});

describe('a codec of its own', () => {
  it('decodes for this Channel only', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver<unknown>(client);
    const received: unknown[] = [];
    receiver.channel('a', { codec: json<{ n: number }>() }).subscribe(({ data }) => received.push(data.n));
    receiver.channel('b').subscribe(({ data }) => received.push(data));
    client.publish('a', '{"n":1}');
    client.publish('b', '{"n":1}');
    expect(received).toEqual([1, '{"n":1}']);
  });
});

it('unsubscribes in virtual time', () => {
  marbles(({ receiver, commands, expectObservable }) => {
    expectObservable(receiver.channel('a').pipe(takeUntil(timer(3)))).toBe('---|');
    expectObservable(commands).toBe('                                        s--u', {
      s: 'SUBSCRIBE a',
      u: 'UNSUBSCRIBE a',
    });
  });
});
