import { concatMap, Subject, take } from 'rxjs';
import { Receiver, type Message } from '../../lib/index.js';
import { dataOf } from '../support/data-of.js';
import { marbles, MemoryPubSub } from '../../lib/testing/index.js';

/** Returns a Receiver on the in-memory client, with the channels a and b. */
function create() {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client);
  receiver.channel('a');
  receiver.channel('b');
  const received: string[] = [];
  const collect = ({ data }: Message) => received.push(data);
  return { client, receiver, received, collect };
}

describe('the merged stream', () => {
  it('subscribes every Channel while it is observed, and later Channels at once', () => {
    marbles(({ receiver, at, publish, commands, expectObservable }) => {
      receiver.channel('a');
      receiver.channel('b');
      receiver.pattern('p*');
      publish('a', '                       a-a-----a--');
      publish('p1', '                      ---b----b-b');
      publish('c', '                       --------c--');
      at('                                 ------x', () => receiver.channel('c'));
      expectObservable(dataOf(receiver), ' -^--------!').toBe('--ab----(abc)');
      expectObservable(commands).toBe('    -(sp)-c---(uv)', {
        s: 'SUBSCRIBE a b',
        p: 'PSUBSCRIBE p*',
        c: 'SUBSCRIBE c',
        u: 'UNSUBSCRIBE a b c',
        v: 'PUNSUBSCRIBE p*',
      });
    });
  });

  it('subscribes with one command for each mode, and unsubscribes the same way', async () => {
    const { client, receiver } = create();
    receiver.pattern('p*');
    const subscription = receiver.subscribe();
    expect(client.log).toEqual(['SUBSCRIBE a b', 'PSUBSCRIBE p*']);
    receiver.channel('c');
    expect(client.log.slice(2)).toEqual(['SUBSCRIBE c']);
    subscription.unsubscribe();
    expect(client.log).toHaveLength(3);
    await receiver.stop();
    expect(client.log.slice(3)).toEqual(['UNSUBSCRIBE a b c', 'PUNSUBSCRIBE p*']);
    expect([client.subscriptions('channel'), client.subscriptions('pattern')]).toEqual([[], []]);
  });

  it('unsubscribes everything when its last observer has left', () => {
    marbles(({ redis: client, receiver, expectObservable, at }) => {
      receiver.channel('a');
      receiver.shard('s');
      expectObservable(receiver, '-^--!').toBe('-----');
      at('                        ---x', () =>
        expect([client.subscriptions('channel'), client.subscriptions('shard')]).toEqual([['a'], ['s']]),
      );
      at('                        -----x', () =>
        expect([client.subscriptions('channel'), client.subscriptions('shard')]).toEqual([[], []]),
      );
    });
  });

  it('delivers a message that matches a channel and two patterns three times, each time with its source', () => {
    const { client, receiver } = create();
    const one = receiver.pattern('*');
    const two = receiver.pattern('a*');
    const messages: Message[] = [];
    receiver.subscribe((message) => messages.push(message));
    client.publish('a', '1');
    expect(messages).toHaveLength(3);
    expect(messages[0]).toEqual({ source: receiver.channel('a'), channel: 'a', data: '1' });
    // Redis defines no order for several patterns that match one message.
    expect(messages).toContainEqual({ source: one, channel: 'a', pattern: '*', data: '1' });
    expect(messages).toContainEqual({ source: two, channel: 'a', pattern: 'a*', data: '1' });
  });

  it('keeps the order when a consumer publishes inside its own handler', () => {
    const { client, receiver, received, collect } = create();
    receiver.channel('b').subscribe(({ data }) => received.push(`b:${data}`));
    receiver.channel('a').subscribe(({ data }) => {
      received.push(`a:${data}`);
      client.publish('b', `${data}'`);
    });
    receiver.subscribe(collect);
    client.publish('a', '1');
    client.publish('a', '2');
    expect(received).toEqual(['a:1', '1', "b:1'", "1'", 'a:2', '2', "b:2'", "2'"]);
  });

  it('keeps the order when the handler of the stream publishes, also with two clients', () => {
    const { client, receiver, received } = create();
    const other = new MemoryPubSub();
    receiver.channel('c', { client: other });
    const second: string[] = [];
    receiver.subscribe(({ data }) => {
      received.push(data);
      if (data.length < 3) {
        other.publish('c', `${data}c`);
        client.publish('b', `${data}b`);
      }
    });
    receiver.subscribe(({ data }) => second.push(data));
    client.publish('a', '1');
    expect(second).toEqual(received);
    expect(received).toHaveLength(7);
    expect(receiver.stats).toMatchObject({ received: 7, delivered: 7, buffered: 0 });
  });

  it('merges sources on another connection', () => {
    marbles(({ receiver, publish, expectObservable, hot }) => {
      const other = new MemoryPubSub();
      receiver.channel('a');
      receiver.channel('a2', { client: other });
      hot('                                --b-d').subscribe((data) => other.publish('a2', data));
      publish('a', '                       -a-c-');
      expectObservable(dataOf(receiver)).toBe('-abcd');
    });
  });

  it('is connected by connect(), and queues messages until a consumer takes them', async () => {
    const { client, receiver, received, collect } = create();
    await expect(receiver.connect()).resolves.toBe(receiver);
    expect(client.log).toEqual(['SUBSCRIBE a b']);
    client.publish('b', '1');
    client.publish('a', '2');
    expect(receiver.stats).toMatchObject({ received: 2, buffered: 2, bufferedBytes: 2, highWater: 2 });
    receiver.subscribe(collect);
    expect(received).toEqual(['1', '2']);
    client.publish('a', '3');
    expect(received).toEqual(['1', '2', '3']);
    expect(receiver.stats).toMatchObject({ received: 3, delivered: 3, buffered: 0, highWater: 2 });
  });

  it('resolves each of two calls of connect() when the Channels of this call are subscribed', async () => {
    const { client, receiver } = create();
    client.withhold();
    const order: string[] = [];
    const first = receiver.connect().then(() => order.push('first'));
    receiver.channel('c');
    const second = receiver.connect().then(() => order.push('second'));
    client.acknowledgeNext();
    await first;
    order.push(...client.subscriptions('channel'));
    client.acknowledge();
    await second;
    expect(order).toEqual(['first', 'a', 'b', 'second']);
  });

  it('keeps the rest for the next observer when one unsubscribes in the middle', async () => {
    const { client, receiver, received, collect } = create();
    await receiver.connect();
    for (const data of ['1', '2', '3']) client.publish('a', data);
    receiver.pipe(take(1)).subscribe(collect);
    expect(received).toEqual(['1']);
    client.publish('a', '4');
    receiver.pipe(take(2)).subscribe(collect);
    expect(received).toEqual(['1', '2', '3']);
    expect(receiver.stats.buffered).toBe(1);
  });

  it('delivers each message to all its observers', () => {
    marbles(({ receiver, publish, expectObservable }) => {
      receiver.channel('a');
      publish('a', '                       -a-b-c');
      expectObservable(dataOf(receiver), ' ^---!').toBe('-a-b-');
      expectObservable(dataOf(receiver), ' --^--').toBe('---b-c');
    });
  });

  it('continues while one of its Channels is observed, too', () => {
    const { client, receiver, received, collect } = create();
    const subscription = receiver.subscribe(collect);
    receiver.channel('a').subscribe(collect);
    client.publish('a', '1');
    expect(received).toEqual(['1', '1']);
    expect(receiver.stats).toMatchObject({ received: 1, delivered: 1 });
    subscription.unsubscribe();
  });

  it('loses no message while an asynchronous operator is busy', () => {
    marbles(({ receiver, publish, cold, expectObservable }) => {
      receiver.channel('a');
      publish('a', '                                                    -(ab)--c');
      expectObservable(dataOf(receiver).pipe(concatMap((letter) => cold('--l|', { l: letter })))).toBe(
        '---a--b--c',
      );
    });
  });
});

describe('events', () => {
  it('report an acknowledgement before the first message of the Channel', () => {
    const { client, receiver, received, collect } = create();
    receiver.events.subscribe(
      (event) => 'source' in event && received.push(`${event.type} ${event.source.name}`),
    );
    receiver.subscribe(collect);
    client.publish('a', '1');
    void receiver.channel('a').close();
    expect(received).toEqual(['subscribed a', 'subscribed b', '1', 'unsubscribed a']);
  });

  it('of a Channel are only those that concern it', () => {
    const { client, receiver } = create();
    const types: string[] = [];
    receiver.channel('a').events.subscribe(({ type }) => types.push(type));
    receiver.subscribe();
    client.disconnect();
    client.reconnect();
    void receiver.channel('b').close();
    void receiver.channel('a').close();
    expect(types).toEqual(['subscribed', 'disconnected', 'gap', 'unsubscribed']);
  });

  it('complete when no more events can come', async () => {
    const { client, receiver } = create();
    const complete = jest.fn();
    receiver.events.subscribe({ complete });
    receiver.subscribe();
    client.withhold();
    const stopped = receiver.stop();
    expect(complete).not.toHaveBeenCalled();
    client.acknowledge();
    await stopped;
    expect(complete).toHaveBeenCalledTimes(1);
  });
});

it('is an Observable like any other', () => {
  marbles(({ receiver, publish, expectObservable }) => {
    receiver.channel('a');
    publish('a', '                       -a-b');
    const subject = new Subject<string>();
    expectObservable(subject).toBe('     -a-b');
    dataOf(receiver).subscribe(subject);
  });
});
