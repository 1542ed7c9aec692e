import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asyncScheduler, finalize, firstValueFrom, retry } from 'rxjs';
import { json, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Resolves when the grace period of an observer is over. */
const grace = () => new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve(), 2));

function fixture(options?: ConstructorParameters<typeof Receiver>[1]) {
  const client = new MemoryPubSub();
  const receiver = new Receiver<string>(client, options as never);
  const sizes = () => [receiver.channels.size, receiver.patterns.size, receiver.shards.size];
  return { client, receiver, sizes };
}

describe('a Channel whose last observer has left', () => {
  it.each(['channel', 'pattern', 'shard'] as const)('is forgotten: a %s', async (kind) => {
    const { client, receiver, sizes } = fixture();
    receiver[kind]('a').subscribe().unsubscribe();
    await grace();
    expect(sizes()).toEqual([0, 0, 0]);
    await receiver.connect();
    expect(client.subscriptions(kind)).toEqual([]);
  });

  it('is not referenced any more, even if its events were observed', async () => {
    const { receiver } = fixture();
    const held = new WeakRef(receiver.channel('a'));
    const observe = () => [held.deref()!.subscribe(), held.deref()!.events.subscribe()];
    for (const subscription of observe()) subscription.unsubscribe();
    await grace();
    collectGarbage();
    expect(held.deref()).toBeUndefined();
    await receiver.stop();
  });

  it('is unsubscribed when a connect() during the grace period resolves', async () => {
    const { client, receiver } = fixture();
    receiver.channel('a').subscribe().unsubscribe();
    await receiver.connect();
    expect(client.subscriptions('channel')).toEqual([]);
  });

  it('is not subscribed by a connect() during the grace period, unless an observer returns', async () => {
    const { client, receiver, sizes } = fixture();
    receiver.channel('a').subscribe().unsubscribe();
    const back = receiver.channel('b');
    back.subscribe().unsubscribe();
    await receiver.connect();
    const received: string[] = [];
    back.subscribe(({ data }) => received.push(data));
    await grace();
    expect(client.subscriptions('channel')).toEqual(['b']);
    expect(sizes()).toEqual([1, 0, 0]);
    client.publish('b', '1');
    expect(received).toEqual(['1']);
    expect(receiver.stats.received).toBe(1);
  });

  it('stays the same object while user code holds it, and is registered again by an observer', async () => {
    const { client, receiver } = fixture();
    const channel = receiver.channel('a');
    channel.subscribe().unsubscribe();
    await grace();
    expect(receiver.channels.has('a')).toBe(false);
    expect(channel.isActive).toBe(true);
    const received: string[] = [];
    channel.subscribe(({ data }) => received.push(data));
    expect(receiver.channels.get('a')).toBe(channel);
    client.publish('a', '1');
    expect(received).toEqual(['1']);
  });

  it('stays the same object when it is requested again, and then stays registered', async () => {
    const { client, receiver } = fixture();
    const channel = receiver.channel('a');
    channel.subscribe().unsubscribe();
    expect(receiver.channel('a')).toBe(channel);
    await grace();
    await receiver.connect();
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it('is closed when its name is requested with another codec', async () => {
    const { receiver } = fixture();
    const channel = receiver.channel('a');
    channel.subscribe().unsubscribe();
    await grace();
    const other = receiver.channel('a', { codec: json() });
    expect(other).not.toBe(channel);
    expect(channel.isActive).toBe(false);
    expect(other.isActive).toBe(true);
  });

  it('stays registered with the option keep', async () => {
    const { client, receiver } = fixture();
    receiver.channel('a', { keep: true }).subscribe().unsubscribe();
    await grace();
    await receiver.connect();
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it('stays registered while the Receiver is connected', async () => {
    const { client, receiver } = fixture();
    await receiver.connect();
    receiver.channel('a').subscribe().unsubscribe();
    await grace();
    expect(client.subscriptions('channel')).toEqual(['a']);
  });

  it('completes when its Receiver stops', async () => {
    const { receiver } = fixture();
    const channel = receiver.channel('a');
    channel.subscribe().unsubscribe();
    await grace();
    await receiver.stop();
    expect(channel.isActive).toBe(false);
    let isComplete = false;
    channel.subscribe({ complete: () => (isComplete = true) });
    expect(isComplete).toBe(true);
    await expect(channel.whenSubscribed()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });

  it('leaves nothing behind, even for thousands of names', async () => {
    const { client, receiver, sizes } = fixture();
    for (let i = 0; i < 5_000; i++) receiver.channel(`room:${i}`).subscribe().unsubscribe();
    await grace();
    expect(sizes()).toEqual([0, 0, 0]);
    expect(client.subscriptions('channel')).toEqual([]);
    expect(client.getPubSubListeners('CHANNELS').size).toBe(0);
    await receiver.connect();
    expect(client.subscriptions('channel')).toEqual([]);
  });

  it('does not stop an unconnected Receiver when it is closed as the last Channel', async () => {
    const { client, receiver } = fixture();
    const received: string[] = [];
    const first = receiver.channel('a');
    first.subscribe();
    await first.close();
    receiver.channel('b').subscribe(({ data }) => received.push(data));
    client.publish('b', '1');
    expect(received).toEqual(['1']);
  });

  it('does not stop the Receiver when it is closed or forgotten', async () => {
    const { receiver } = fixture();
    receiver.channel('a').subscribe().unsubscribe();
    await grace();
    const last = receiver.channel('b');
    last.subscribe();
    await last.close();
    expect(() => receiver.channel('c')).not.toThrow();
  });

  it('stays open for other observers when one closes it in finalize()', async () => {
    const { client, receiver } = fixture();
    const channel = receiver.channel('a');
    const received: string[] = [];
    const first = channel.pipe(finalize(() => void channel.close())).subscribe();
    channel.subscribe({ next: ({ data }) => received.push(data), complete: () => received.push('complete') });
    first.unsubscribe();
    client.publish('a', '1');
    expect(received).toEqual(['1']);
    await Promise.resolve();
    await channel.close();
    expect(received).toEqual(['1', 'complete']);
  });

  it('is forgotten after the reply to a request', async () => {
    const { client, receiver, sizes } = fixture();
    const answer = firstValueFrom(receiver.channel('reply'));
    client.publish('reply', 'pong');
    await expect(answer).resolves.toMatchObject({ data: 'pong' });
    await grace();
    expect(sizes()).toEqual([0, 0, 0]);
  });

  it('emits its events when it is observed again during the UNSUBSCRIBE', async () => {
    const { client, receiver } = fixture();
    const types: string[] = [];
    receiver.events.subscribe(({ type }) => types.push(type));
    const channel = receiver.channel('a');
    channel.subscribe().unsubscribe();
    client.withhold();
    await grace();
    channel.subscribe();
    expect(types).toEqual(['subscribed', 'unsubscribed']);
    client.acknowledge();
    expect(types).toEqual(['subscribed', 'unsubscribed', 'subscribed']);
  });

  it('continues with retry()', () => {
    const { client, receiver } = fixture({ codec: json() });
    const received: unknown[] = [];
    receiver
      .channel('a')
      .pipe(retry())
      .subscribe(({ data }) => received.push(data));
    client.publish('a', '{');
    client.publish('a', '1');
    expect(received).toEqual([1]);
    expect(client.log).toEqual(['SUBSCRIBE a']);
  });
});
