import { asyncScheduler, retry } from 'rxjs';
import { type GapError, type BufferOverflowError } from '../../lib/index.js';
import { receiverFixture } from '../support/receiver-fixture.js';

function identityHolds({ stats }: ReturnType<typeof receiverFixture>['receiver']): boolean {
  return stats.received === stats.delivered + stats.buffered + stats.dropped + stats.undecodable;
}

describe('the queue', () => {
  it("puts one BufferOverflowError at the place of the loss with 'error'", async () => {
    const { receiver, publish, received, observer } = receiverFixture({ capacity: 2 });
    await receiver.connect();
    publish('1', '2', '3', '4');
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    publish('5');
    receiver.pipe(retry({ count: 0 })).subscribe(observer);
    receiver.subscribe(observer);
    expect(received).toEqual(['2', 'BufferOverflowError', '5']);
    expect(receiver.stats).toMatchObject({ received: 5, delivered: 3, dropped: 2, buffered: 0 });
  });

  it('reports the limit and the number of lost messages', async () => {
    const { receiver, publish } = receiverFixture({ capacity: 1 });
    await receiver.connect();
    publish('1', '2', '3');
    await receiver.get();
    const error = await receiver.get().catch((reason: unknown) => reason as BufferOverflowError);
    expect(error).toMatchObject({ name: 'BufferOverflowError', bound: 'capacity', limit: 1, dropped: 2 });
  });

  it.each([
    ['drop-oldest', ['3', '4']],
    ['drop-incoming', ['1', '2']],
  ] as const)('%s keeps what it says and counts the rest', async (overflow, kept) => {
    const { receiver, publish, received, observer, eventTypes } = receiverFixture({ capacity: 2, overflow });
    await receiver.connect();
    publish('1', '2', '3', '4');
    expect(identityHolds(receiver)).toBe(true);
    receiver.subscribe(observer);
    expect(received).toEqual(kept);
    expect(receiver.stats).toMatchObject({ received: 4, delivered: 2, dropped: 2, buffered: 0, gaps: 1 });
    expect(eventTypes()).toEqual(['subscribed', 'subscribed', 'overflow', 'gap']);
  });

  it('is bounded by bytes, and loses only the message that is too large by itself', async () => {
    const { receiver, publish, received, observer } = receiverFixture({
      maxBytes: 4,
      overflow: 'drop-oldest',
    });
    await receiver.connect();
    publish('ab', 'c', '12345', 'ä', 'xy');
    expect(receiver.stats).toMatchObject({ buffered: 2, bufferedBytes: 4, dropped: 3 });
    receiver.subscribe(observer);
    expect(received).toEqual(['ä', 'xy']);
  });

  it('reports one overflow per episode, and a gap when less than half of the queue is in use', async () => {
    const now = jest.spyOn(asyncScheduler, 'now');
    const { client, receiver, publish, events } = receiverFixture({ capacity: 4, overflow: 'drop-incoming' });
    await receiver.connect();
    events.length = 0;
    now.mockReturnValue(1_000);
    publish('1', '2', '3', '4', '5');
    now.mockReturnValue(2_000);
    client.publish('b', '6');
    expect(events).toEqual([{ type: 'overflow', dropped: 1, overflow: 'drop-incoming' }]);
    await receiver.get();
    await receiver.get();
    publish('7', '8', '9');
    expect(events).toHaveLength(1);
    now.mockReturnValue(3_000);
    await receiver.get();
    await receiver.get();
    await receiver.get();
    const channels = [receiver.channel('a'), receiver.channel('b')];
    expect(events.slice(1)).toEqual([
      { type: 'gap', gap: { cause: 'overflow', since: 1_000, until: 3_000, channels, dropped: 3 } },
    ]);
    expect(receiver.stats).toMatchObject({ dropped: 3, gaps: 1 });
    publish('10', '11', '12', '13');
    expect(events.slice(2)).toEqual([{ type: 'overflow', dropped: 1, overflow: 'drop-incoming' }]);
    now.mockRestore();
  });

  it('reports an episode that the end of the Receiver cuts short', async () => {
    const { receiver, publish, eventTypes } = receiverFixture({ capacity: 1, overflow: 'drop-oldest' });
    await receiver.connect();
    publish('1', '2');
    await receiver.stop();
    expect(eventTypes()).toEqual([
      'subscribed',
      'subscribed',
      'overflow',
      'unsubscribed',
      'unsubscribed',
      'gap',
    ]);
  });

  it.each([
    ['drop-oldest', ['GapError', '3']],
    ['drop-incoming', ['1', 'GapError']],
  ] as const)("shows the place of a loss with onGap 'error' and %s", async (overflow, expected) => {
    const { receiver, publish, received, collect } = receiverFixture({
      capacity: 1,
      overflow,
      onGap: 'error',
    });
    await receiver.connect();
    publish('1', '2', '3');
    receiver
      .pipe(
        retry({
          delay: (error: GapError) => {
            received.push(error.name);
            expect(error.gap).toMatchObject({ cause: 'overflow', dropped: 2 });
            return [1];
          },
        }),
      )
      .subscribe(collect);
    expect(received).toEqual(expected);
  });

  it('decodes a queued message only when it is taken', async () => {
    const decode = jest.fn((data: string | Buffer) => data.toString());
    const { client, receiver } = receiverFixture({ codec: { encode: String, decode } });
    await receiver.connect();
    client.publish('a', '1');
    expect(decode).not.toHaveBeenCalled();
    await receiver.get();
    expect(decode).toHaveBeenCalledWith('1', 'a', { kind: 'channel', pattern: undefined });
  });

  it('shrinks when it has been emptied, and can be filled again', async () => {
    const { receiver, publish, received, observer } = receiverFixture({ capacity: 1_000 });
    await receiver.connect();
    for (let round = 0; round < 3; round++) {
      publish(...Array.from({ length: 1_000 }, (_, index) => String(index)));
      expect(receiver.stats).toMatchObject({ buffered: 1_000, dropped: 0 });
      receiver.subscribe(observer).unsubscribe();
      expect(receiver.stats).toMatchObject({ buffered: 0, bufferedBytes: 0 });
    }
    expect(received).toHaveLength(3_000);
  });
});
