import type { ClientListener, RegistryType } from '../../lib/hub/client.js';
import { unlessNotSubscribed } from '../support/unless-not-subscribed.js';
import { until } from '../support/until.js';
import type {
  RedisEnvironment,
  EnvironmentClient,
  EnvironmentListeners,
  EnvironmentKind,
} from './environment.js';

/** Tests the behaviour of node-redis clients on which the package relies. */
export function clientContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let received: unknown[];
  const listener = (message: string | Buffer, channel: string | Buffer) =>
    void received.push([message, channel]);
  /** Returns a listener that logs its own name with each message. */
  const named = (name: string) => (message: string | Buffer) =>
    void received.push(`${name} ${String(message)}`);
  const fenced = async () => {
    await environment().fence(client);
    return received;
  };
  /** Publishes a message, and checks the number of receivers where Redis can count them. */
  const publishTo = async (receivers: number, channel: string, data: string) => {
    const count = await environment().publish(channel, data);
    if (abilities.count) expect(count).toBe(receivers);
  };

  const registry = (type: RegistryType) =>
    client.getPubSubListeners!(type) as Map<string, EnvironmentListeners>;

  beforeEach(async () => {
    client = await environment().client();
    received = [];
  });

  it('receives messages from the time when subscribe() resolves until unsubscribe() resolves', async () => {
    await client.subscribe('a', listener);
    await environment().publish('a', '1');
    expect(await fenced()).toEqual([['1', 'a']]);
    await client.unsubscribe('a', listener);
    await environment().publish('a', '2');
    expect(await fenced()).toHaveLength(1);
    expect(await environment().subscribers('channel', 'a')).toBe(0);
  });

  it('passes Buffers to a listener of Buffers, the name included, and strings to a listener of text', async () => {
    const bytes = Buffer.from([0, 0xff, 0x0a]);
    await client.subscribe('ä', listener, true);
    await client.subscribe('ä', listener);
    await environment().publish('ä', bytes);
    const both = [
      [bytes, Buffer.from('ä')],
      [bytes.toString(), 'ä'],
    ];
    expect(await fenced()).toEqual(abilities.nodeRedis ? both : both.toReversed());
    await client.unsubscribe('ä', listener, true);
    await environment().publish('ä', 'ö');
    expect((await fenced()).slice(2)).toEqual([['ö', 'ä']]);
  });

  it('calls the listeners of a channel before those of patterns, which get the name of the channel', async () => {
    await client.pSubscribe('a*', named('pattern'));
    await client.subscribe('a1', named('channel'));
    await environment().publish('a1', '1');
    expect(await fenced()).toEqual(['channel 1', 'pattern 1']);
    await client.pSubscribe('[ab]?', listener);
    await environment().publish('b2', '2');
    expect((await fenced()).slice(2)).toEqual([['2', 'b2']]);
  });

  it('passes each channel and pattern its own Buffers, which a listener may overwrite', async () => {
    const other = await environment().client();
    const overwriting = (data: string | Buffer) => {
      received.push(String(data));
      (data as Buffer).fill('x');
    };
    await client.subscribe('a', overwriting, true);
    await client.pSubscribe('a*', overwriting, true);
    await other.subscribe('a', overwriting, true);
    await environment().publish('a', Buffer.from('123'));
    await environment().fence(other);
    await fenced();
    await until(() => received.length === 3);
    expect(received).toEqual(['123', '123', '123']);
  });

  it('keeps sharded channels apart from channels of the same name', async () => {
    await client.subscribe('a', named('channel'));
    await client.sSubscribe('a', named('shard'));
    await client.pSubscribe('?', named('pattern'));
    await environment().publish('a', '1');
    await environment().sPublish('a', '2');
    await fenced();
    await until(() => received.length === 3);
    expect([...received].sort()).toEqual(['channel 1', 'pattern 1', 'shard 2']);
    await client.sUnsubscribe('a', listener);
    expect(await environment().subscribers('channel', 'a')).toBe(1);
  });

  it('subscribes many names with one command, and accepts the empty name', async () => {
    await client.subscribe([], listener);
    await client.subscribe(['', 'a', 'b'], listener);
    await client.unsubscribe([''], listener);
    for (const name of ['', 'a', 'b']) await environment().publish(name, name);
    expect(await fenced()).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    await client.unsubscribe(['a', 'b'], listener);
    expect(await environment().subscribers('channel', 'b')).toBe(0);
  });

  it('shares a subscription among its listeners, until the last one is removed', async () => {
    const [one, two] = [named('one'), named('two')];
    await client.subscribe('a', one);
    await client.subscribe('a', two);
    expect(await environment().subscribers('channel', 'a')).toBe(1);
    await client.unsubscribe('a', one);
    await environment().publish('a', '1');
    expect(await fenced()).toEqual(['two 1']);
    await client.unsubscribe('a', two);
    expect(await environment().subscribers('channel', 'a')).toBe(0);
  });

  if (abilities.count) {
    it('is counted once for a channel and once for each pattern that matches', async () => {
      const other = await environment().client();
      for (const one of [client, other]) {
        await one.subscribe(['a', 'b'], listener);
        await one.subscribe('a', named('again'));
      }
      await client.pSubscribe(['*', 'a*', 'b*'], listener);
      await other.sSubscribe('a', listener);
      expect(await environment().publish('a', '')).toBe(4);
      expect(await environment().publish('c', '')).toBe(1);
      expect(await environment().sPublish('a', '')).toBe(1);
      expect(await environment().sPublish('b', '')).toBe(0);
    });
  }

  if (abilities.withhold) {
    it('receives nothing before the acknowledgement of a SUBSCRIBE, and everything before that of an UNSUBSCRIBE', async () => {
      environment().withhold();
      const subscribed = client.subscribe('a', listener);
      await publishTo(0, 'a', '1');
      environment().acknowledge();
      await subscribed;
      environment().withhold();
      const unsubscribed = client.unsubscribe('a', listener);
      await publishTo(1, 'a', '2');
      environment().acknowledge();
      await unsubscribed;
      await publishTo(0, 'a', '3');
      expect(await fenced()).toEqual([['2', 'a']]);
    });
  }

  if (abilities.registry) {
    it('exposes its listeners in a live registry, and calls none that is removed from it', async () => {
      await client.subscribe(['a', 'b'], listener);
      const channels = registry('CHANNELS');
      expect([...channels.keys()]).toEqual(['a', 'b']);
      expect(channels.get('a')?.strings.has(listener)).toBe(true);
      channels.delete('a');
      expect(await environment().publish('a', '1')).toBe(1);
      await environment().publish('b', '2');
      expect(await fenced()).toEqual([['2', 'b']]);
    });

    it('extends its registry by listeners of all kinds and both modes at once', async () => {
      const bytes = Buffer.from([0xff]);
      await client.extendPubSubListeners!('CHANNELS', registryOf({ a: [listener], b: [listener] }));
      await client.extendPubSubListeners!('PATTERNS', registryOf({ 'p*': [named('pattern')] }));
      const binary = { unsubscribing: false, buffers: new Set([listener]), strings: new Set<never>() };
      await client.extendPubSubListeners!('SHARDED', new Map([['s', binary]]));
      expect(registry('SHARDED').get('s')).toBe(binary);
      await environment().publish('b', '1');
      await environment().publish('p1', '2');
      await environment().sPublish('s', bytes);
      await fenced();
      expect(received).toEqual([['1', 'b'], 'pattern 2', [bytes, Buffer.from('s')]]);
    });

    it('sends no command if its registry has all names already', async () => {
      await client.subscribe('a', named('one'));
      await client.extendPubSubListeners!('CHANNELS', registryOf({ a: [named('two')] }));
      await client.extendPubSubListeners!('CHANNELS', new Map());
      expect(await environment().subscribers('channel', 'a')).toBe(1);
      await environment().publish('a', '1');
      expect(await fenced()).toEqual(['one 1', 'two 1']);
    });

    it('removes all listeners of a name if unsubscribe() gets no listener', async () => {
      await client.subscribe(['a', 'b', 'c'], named('one'));
      await client.subscribe('a', named('two'), true);
      await client.unsubscribe(['a', 'b']);
      expect([...registry('CHANNELS').keys()]).toEqual(['c']);
      expect(await environment().subscribers('channel', 'a')).toBe(0);
      await client.sSubscribe(['a', 'b'], listener);
      await client.unsubscribe();
      expect(registry('CHANNELS').size).toBe(0);
      expect(await environment().subscribers('channel', 'c')).toBe(0);
      await client.pSubscribe(['p*', 'q*'], listener);
      await client.pUnsubscribe();
      expect(registry('PATTERNS').size).toBe(0);
      expect(await environment().publish('p1', '')).toBe(0);
      expect(await environment().subscribers('shard', 'b')).toBe(1);
      await client.sUnsubscribe();
      expect(registry('SHARDED').size).toBe(0);
      expect(await environment().subscribers('shard', 'b')).toBe(0);
    });
  }

  if (abilities.registry && abilities.withhold) {
    it('extends its registry before Redis acknowledges, and receives messages of the new names afterwards', async () => {
      await client.subscribe('a', named('one'));
      environment().withhold();
      const extended = client.extendPubSubListeners!(
        'CHANNELS',
        registryOf({ a: [named('two')], b: [named('two')] }),
      );
      expect([...registry('CHANNELS').keys()]).toEqual(['a', 'b']);
      await publishTo(1, 'a', '1');
      await publishTo(0, 'b', '2');
      await until(() => received.length === 2);
      environment().acknowledge();
      await extended;
      await publishTo(1, 'b', '3');
      expect(await fenced()).toEqual(['one 1', 'two 1', 'two 3']);
    });

    it('keeps the listeners until the acknowledgement when it removes all of them', async () => {
      await client.subscribe('a', listener);
      environment().withhold();
      const unsubscribed = client.unsubscribe('a');
      await publishTo(1, 'a', '1');
      await until(() => received.length === 1);
      environment().acknowledge();
      await unsubscribed;
      await publishTo(0, 'a', '2');
      expect(await fenced()).toEqual([['1', 'a']]);
    });

    it('never calls a listener that is added to a name during its UNSUBSCRIBE', async () => {
      const one = named('one');
      await client.subscribe('a', one);
      environment().withhold();
      const unsubscribed = client.unsubscribe('a', one);
      await client.extendPubSubListeners!('CHANNELS', registryOf({ a: [listener] }));
      environment().acknowledge();
      await unsubscribed;
      expect(registry('CHANNELS').get('a')?.strings).toEqual(new Set([listener]));
      expect(await environment().subscribers('channel', 'a')).toBe(0);
    });
  }

  if (abilities.nodeRedis && abilities.registry && abilities.withhold) {
    type Operation = `${'subscribe' | 'unsubscribe'} ${'one' | 'two'}`;

    // Overlapping operations on one name: the listeners that still receive messages, and the subscriptions that Redis
    // has.
    it.each<{ before: boolean; operations: Operation[]; alive: string[]; subscribers: number }>([
      {
        before: false,
        operations: ['subscribe one', 'subscribe two', 'unsubscribe one'],
        alive: [],
        subscribers: 0,
      },
      { before: false, operations: ['unsubscribe one', 'subscribe two'], alive: ['two'], subscribers: 1 },
      {
        before: false,
        operations: ['subscribe one', 'subscribe one', 'unsubscribe one'],
        alive: [],
        subscribers: 0,
      },
      { before: true, operations: ['unsubscribe one', 'subscribe one'], alive: ['one'], subscribers: 1 },
      {
        before: true,
        operations: ['unsubscribe one', 'subscribe two', 'unsubscribe two'],
        alive: ['two'],
        subscribers: 1,
      },
      {
        before: true,
        operations: ['subscribe two', 'unsubscribe one', 'unsubscribe two'],
        alive: [],
        subscribers: 0,
      },
    ])(
      'loses and keeps the known listeners after overlapping operations: $operations (one subscribed before: $before)',
      async (row) => {
        const listeners = { one: named('one'), two: named('two') };
        if (row.before) await client.subscribe('a', listeners.one);
        environment().withhold();
        const settled = row.operations.map((operation) => {
          const [method, label] = operation.split(' ') as ['subscribe' | 'unsubscribe', 'one' | 'two'];
          return client[method]('a', listeners[label]);
        });
        environment().acknowledge();
        await Promise.all(settled.map(unlessNotSubscribed));
        await environment().publish('a', '');
        expect((await fenced()).map((text) => String(text).trim())).toEqual(row.alive);
        expect(await environment().subscribers('channel', 'a')).toBe(row.subscribers);
      },
    );
  }

  if (abilities.refuse) {
    it('rejects a whole command if Redis refuses one of its names', async () => {
      await environment().refuse(['x', 'x*'], ['a', 'a*']);
      await expect(client.subscribe(['a', 'x'], listener)).rejects.toThrow(/^NOPERM /);
      await expect(client.pSubscribe('x*', listener)).rejects.toThrow(/^NOPERM /);
      await expect(client.sSubscribe('x', listener)).rejects.toThrow(/^NOPERM /);
      expect(await environment().publish('a', '')).toBe(0);
      await client.subscribe('a', listener);
      await expect(client.subscribe(['a', 'x'], named('other'))).rejects.toThrow(/^NOPERM /);
      await environment().publish('a', '1');
      // The versions of node-redis differ in whether the other listener receives messages of the names acknowledged
      // before.
      expect(await fenced()).toContainEqual(['1', 'a']);
    });
  }

  if (abilities.refuse && abilities.registry) {
    it('keeps the listeners of refused names in its registry', async () => {
      await environment().refuse(['x'], ['a']);
      const extended = client.extendPubSubListeners!(
        'CHANNELS',
        registryOf({ a: [listener], x: [listener] }),
      );
      await expect(extended).rejects.toThrow(/^NOPERM /);
      const channels = registry('CHANNELS');
      expect([...channels.keys()]).toEqual(['a', 'x']);
      expect(await environment().publish('a', '')).toBe(0);
      channels.delete('a');
      channels.delete('x');
      await client.subscribe('a', listener);
      await environment().publish('a', '1');
      expect(await fenced()).toEqual([['1', 'a']]);
    });
  }

  if (abilities.break && abilities.registry) {
    const EVENTS = ['error', 'reconnecting', 'connect', 'ready', 'end', 'terminated'];
    const eventsOf = (one: EnvironmentClient) => {
      const events: string[] = [];
      for (const event of EVENTS) one.on(event, () => void events.push(event));
      return events;
    };

    it('reports a lost connection, and has resubscribed before it is ready', async () => {
      await client.subscribe('a', listener);
      await client.pSubscribe('p*', listener);
      await client.sSubscribe('s', listener);
      const events = eventsOf(client);
      const counts: Promise<number>[] = [];
      client.on('ready', () =>
        counts.push(environment().publish('a', 'again'), environment().sPublish('s', 'again')),
      );
      await environment().break();
      expect(events.slice(0, 2)).toEqual(['error', 'reconnecting']);
      expect([client.isOpen, client.isReady]).toEqual([true, false]);
      expect(await environment().publish('a', 'lost')).toBe(0);
      await environment().heal();
      expect(events.slice(-2)).toEqual(['connect', 'ready']);
      expect(await Promise.all(counts)).toEqual([1, 1]);
      await until(() => received.length === 2);
      expect(received).toEqual([
        ['again', 'a'],
        ['again', 's'],
      ]);
    });

    it('rejects the commands in flight when the connection is lost, and does not repeat them', async () => {
      await client.subscribe('b', listener);
      environment().withhold();
      const died = expect(client.subscribe('a', listener)).rejects.toMatchObject({ name: 'Error' });
      const leaving = expect(client.unsubscribe('b', listener)).rejects.toMatchObject({ name: 'Error' });
      await environment().break();
      await Promise.all([died, leaving]);
      await environment().heal();
      expect(await environment().subscribers('channel', 'a')).toBe(0);
      // The client reverts the UNSUBSCRIBE.
      expect(await environment().publish('b', '1')).toBe(1);
      await until(() => received.length === 1);
    });

    it('resubscribes the names by which its registry was being extended when the connection was lost', async () => {
      environment().withhold();
      const died = expect(
        client.extendPubSubListeners!('CHANNELS', registryOf({ a: [listener] })),
      ).rejects.toMatchObject({ name: 'Error' });
      await environment().break();
      await died;
      await environment().heal();
      expect(await environment().publish('a', '1')).toBe(1);
      await until(() => received.length === 1);
    });

    it('sends the commands of an outage after the reconnection', async () => {
      await environment().break();
      const subscribed = client.subscribe('a', listener);
      await environment().heal();
      await subscribed;
      expect(await environment().publish('a', '1')).toBe(1);
    });

    it('emits an end event when it is closed, and receives messages again after it is reopened', async () => {
      await client.subscribe('a', listener);
      const events = eventsOf(client);
      await client.close();
      expect([client.isOpen, client.isReady]).toEqual([false, false]);
      expect(events).toEqual(['end']);
      await until(async () => (await environment().subscribers('channel', 'a')) === 0);
      await client.connect();
      expect(await environment().publish('a', '1')).toBe(1);
      await until(() => received.length === 1);
    });
  }

  if (abilities.giveUp && abilities.registry) {
    it('is no longer open after it has given up, and emits an event', async () => {
      await client.subscribe('a', listener);
      const events: string[] = [];
      for (const event of ['error', 'reconnecting', 'end']) client.on(event, () => void events.push(event));
      await environment().giveUp(client);
      expect(client.isOpen).toBe(false);
      expect(events).not.toContain('reconnecting');
      expect(events).not.toContain('end');
      expect(events).toContain('error');
      await until(async () => (await environment().subscribers('channel', 'a')) === 0);
    });
  }
}

/** Returns a registry of listeners of text. */
function registryOf(
  listeners: Readonly<Record<string, readonly ClientListener[]>>,
): Map<string, EnvironmentListeners> {
  return new Map(
    Object.entries(listeners).map(([name, strings]) => [
      name,
      { unsubscribing: false, buffers: new Set(), strings: new Set(strings) },
    ]),
  );
}
