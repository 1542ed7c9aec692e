import { retry, tap } from 'rxjs';
import type { GapError } from '../../lib/index.js';
import { FaultScene } from './fault-scene.js';
import { PROTOCOLS } from '../support/client-under-test.js';
import { until } from '../support/until.js';

const gapsOf = (scene: FaultScene) =>
  scene.gaps.map(({ channels }) => channels.map(({ name }) => name).join());

describe.each(PROTOCOLS)('a connection that is lost, on RESP%i,', (RESP) => {
  it('while idle: causes one gap, before the next message', async () => {
    await using scene = await FaultScene.start({ RESP });
    await scene.observe();
    await scene.publish();
    await scene.allReceived();
    await scene.kill();
    await scene.recover();
    expect(gapsOf(scene)).toEqual(['a,b']);
    expect(scene.ledger.faults()).toEqual([]);
    expect(scene.ledger.received('a')).toEqual([1, 2]);
  });

  it.each([1, 777, 20_011, 60_000])(
    'in mid-burst, after byte %i: causes one gap, which covers all missing messages',
    async (bytes) => {
      await using scene = await FaultScene.start({ RESP });
      await scene.observe();
      scene.proxy.cutAfter(bytes);
      for (let round = 0; round < 20; round++)
        await Promise.all(Array.from({ length: 50 }, () => scene.publish()));
      await until(() => gapsOf(scene).length > 0);
      await scene.recover();
      expect(gapsOf(scene)).toEqual(['a,b']);
      expect(scene.ledger.faults()).toEqual([]);
      expect(scene.ledger.missing('a')).toBeGreaterThan(0);
    },
  );

  it("in mid-burst, with onGap 'error': puts a GapError exactly where numbers are missing", async () => {
    await using scene = await FaultScene.start({ RESP, receiver: { onGap: 'error' }, channels: ['a'] });
    const { receiver } = scene;
    const stream: (number | 'gap')[] = [];
    receiver
      .pipe(
        tap({
          next: ({ data }) => stream.push(Number(data)),
          error: (error: GapError) => stream.push(error.gap.cause === 'reconnect' ? 'gap' : NaN),
        }),
        retry(),
      )
      .subscribe();
    await receiver.connect();
    for (let round = 1; round <= 3; round++) {
      scene.proxy.cutAfter(5_000);
      for (let count = 0; count < 20; count++)
        await Promise.all(Array.from({ length: 20 }, () => scene.publish()));
      await until(() => scene.gaps.length === round);
      await scene.publish();
      await until(() => stream.at(-1) === scene.ledger.lastSent('a'));
    }
    const jumps = stream.flatMap((entry, index) => {
      const before = stream[index - 1];
      return typeof entry === 'number' && before !== 'gap' && entry !== (before ?? 0) + 1 ? [entry] : [];
    });
    expect(jumps).toEqual([]);
    expect(stream.filter((entry) => entry === 'gap')).toHaveLength(3);
    expect(stream.filter(Number).length).toBeLessThan(scene.ledger.lastSent('a'));
  });

  it('several times: causes one gap each time', async () => {
    await using scene = await FaultScene.start({ RESP });
    await scene.observe();
    for (let round = 0; round < 5; round++) {
      await scene.publish();
      await scene.kill();
      await scene.recover();
    }
    expect(gapsOf(scene)).toEqual(Array.from({ length: 5 }, () => 'a,b'));
    expect(scene.ledger.faults()).toEqual([]);
  });

  it.each(['to-server', 'to-client'] as const)(
    'with a SUBSCRIBE in flight %s: does not prevent the subscription, and loses no message of it',
    async (direction) => {
      await using scene = await FaultScene.start({ RESP });
      await scene.observe();
      scene.proxy.hold(direction);
      const late = scene.receiver.channel('late');
      const lost = scene.disconnected();
      if (direction === 'to-client') await until(async () => (await scene.subscriptions()) === 'a b late');
      scene.proxy.cut();
      scene.proxy.release(direction);
      await lost;
      await late.whenSubscribed();
      await scene.recover('a', 'b', 'late');
      expect(await scene.subscriptions()).toBe('a b late');
      expect(gapsOf(scene)).toEqual(['a,b']);
      expect(scene.ledger.faults()).toEqual([]);
    },
  );

  it.each(['to-server', 'to-client'] as const)(
    'with an UNSUBSCRIBE in flight %s: does not prevent the unsubscription',
    async (direction) => {
      await using scene = await FaultScene.start({ RESP, channels: ['a', 'b', 'leaving'] });
      await scene.observe();
      scene.proxy.hold(direction);
      const lost = scene.disconnected();
      const closed = scene.receiver.channel('leaving').close();
      if (direction === 'to-client') await until(async () => (await scene.subscriptions()) === 'a b');
      scene.proxy.cut();
      scene.proxy.release(direction);
      await lost;
      await closed;
      await scene.recover('a', 'b');
      await until(async () => (await scene.subscriptions()) === 'a b');
      expect(gapsOf(scene)).toEqual(['a,b']);
      expect(scene.ledger.faults()).toEqual([]);
      expect(scene.receiver.stats.late).toBe(0);
    },
  );

  it('while observers come and go: leaves exactly the names subscribed that are observed in the end', async () => {
    await using scene = await FaultScene.start({ RESP, channels: ['stays', 'goes'] });
    const { receiver, proxy } = scene;
    const received: string[] = [];
    const observe = (name: string) =>
      receiver.channel(name).subscribe(({ data }) => received.push(`${name} ${data}`));
    observe('stays');
    const goes = observe('goes');
    await Promise.all([...receiver.channels.values()].map((channel) => channel.whenSubscribed()));
    const lost = scene.disconnected();
    proxy.close();
    proxy.cut();
    await lost;
    goes.unsubscribe();
    observe('comes');
    observe('fleeting').unsubscribe();
    const back = observe('back');
    back.unsubscribe();
    observe('back');
    // The observer has a grace period until the end of the turn.
    await until(() => scene.events.some(({ type }) => type === 'unsubscribed'));
    proxy.reopen();
    await Promise.all(['stays', 'comes', 'back'].map((name) => receiver.channel(name).whenSubscribed()));
    await until(async () => (await scene.subscriptions()) === 'back comes stays');
    for (const name of ['stays', 'goes', 'comes', 'fleeting', 'back']) await scene.admin.publish(name, '1');
    await until(() => received.length >= 3);
    expect(received).toEqual(['stays 1', 'comes 1', 'back 1']);
    expect(gapsOf(scene)).toEqual(['stays']);
  });

  it('with nothing subscribed: causes no gap', async () => {
    await using scene = await FaultScene.start({ RESP, channels: [] });
    await scene.observe();
    const lost = scene.disconnected();
    scene.proxy.cut();
    await lost;
    const channel = scene.receiver.channel('b');
    await scene.recover('b');
    expect(channel.isActive).toBe(true);
    expect(scene.gaps).toEqual([]);
    expect(scene.ledger.received('b')).toEqual([1]);
  });

  it('at every byte of a command or a reply: loses and repeats no message', async () => {
    await using scene = await FaultScene.start({ RESP, channels: [] });
    const payload = 'snow ☃ 🎉 \r\n$3\r\n*1\r\n';
    const received: string[] = [];
    scene.receiver.pattern('pat*').subscribe(({ data }) => received.push(data));
    await scene.receiver.pattern('pat*').whenSubscribed();
    const longest = 20 + 3 * 10 + Buffer.byteLength(payload);
    for (let at = 0; at <= longest; at++) {
      scene.proxy.splitNext(at, 'to-server');
      const channel = scene.receiver.channel(`pattern ${at}`);
      const subscription = channel.subscribe(({ data }) => received.push(data));
      scene.proxy.splitNext(at);
      await channel.whenSubscribed();
      scene.proxy.splitNext(at);
      await scene.admin.publish(channel.name, payload);
      await until(() => received.length === 2);
      expect(received.splice(0)).toEqual([payload, payload]);
      scene.proxy.splitNext(at);
      subscription.unsubscribe();
      await channel.close();
    }
    expect(scene.events.filter(({ type }) => type === 'disconnected')).toEqual([]);
  });
});
