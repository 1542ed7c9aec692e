import {
  json,
  Receiver,
  recoverable,
  type ReceiverEvent,
  type RecoverablePublisher,
} from '../../lib/index.js';
import type { LogTestClient } from '../support/log-test-client.js';
import { until } from '../support/until.js';
import type { EnvironmentClient, EnvironmentKind, RedisEnvironment } from './environment.js';

let names = 0;

/** Tests recoverable Channels on every kind of client. */
export function recoveryContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let logs: LogTestClient;
  let publisher: RecoverablePublisher;
  let receiver: Receiver;
  let told: ReceiverEvent[];
  let received: string[];
  let name: string;

  beforeEach(async () => {
    client = await environment().client();
    logs = (await environment().client()).duplicate();
    logs.on('error', () => undefined);
    if (!logs.isOpen) await logs.connect();
    publisher = recoverable(logs);
    receiver = new Receiver(client);
    told = [];
    received = [];
    receiver.events.subscribe((event) => told.push(event));
    name = `recovered:${names++}`;
  });

  afterEach(async () => {
    await receiver.stop();
    logs.destroy();
  });

  const publish = async (...list: string[]) => {
    for (const data of list) await publisher.publish(name, data);
  };
  const observe = async (from?: string) => {
    const channel = receiver.channel(name, { recover: { from } });
    receiver.subscribe({
      next: ({ data }) => received.push(data),
      error: ({ name: error }: Error) => received.push(error),
    });
    await channel.whenSubscribed();
    return channel;
  };
  const gaps = () => told.filter((event) => event.type === 'gap').map(({ gap }) => [gap.cause, gap.dropped]);

  it('delivers each message once, with the number of its log', async () => {
    const ids: (string | undefined)[] = [];
    const channel = receiver.channel(name, { codec: json<number>(), recover: {} });
    channel.subscribe(({ id, data }) => ids.push(`${id?.split('-')[1]}: ${data}`));
    await channel.whenSubscribed();
    await publish('1', '2', '3');
    await until(() => ids.length === 3);
    expect(ids).toEqual(['1: 1', '2: 2', '3: 3']);
    expect(gaps()).toEqual([]);
  });

  it('recovers sharded channels', async () => {
    const channel = receiver.shard(name, { recover: { from: 'start' } });
    await publisher.sPublish(name, 'a');
    channel.subscribe(({ data }) => received.push(data));
    await channel.whenSubscribed();
    await publisher.sPublish(name, 'b');
    await until(() => received.length === 2);
    expect(received).toEqual(['a', 'b']);
  });

  it.each([
    ['start', ['a', 'b', 'c']],
    ['new', ['c']],
  ])('begins with the messages from %p', async (from, expected) => {
    await publish('a', 'b');
    await observe(from);
    await publish('c');
    await until(() => received.at(-1) === 'c');
    expect(received).toEqual(expected);
    expect(gaps()).toEqual([]);
  });

  it('resumes behind the id of a message', async () => {
    await observe();
    const ids: string[] = [];
    receiver.channel(name).subscribe(({ id }) => ids.push(id!));
    await publish('a', 'b');
    await until(() => ids.length === 2);
    await receiver.stop();
    await publish('c');
    receiver = new Receiver(client);
    await observe(ids[0]);
    await until(() => received.length === 4);
    expect(received).toEqual(['a', 'b', 'b', 'c']);
  });

  it('takes messages out of their envelopes also where nothing is recovered', async () => {
    receiver.channel(name);
    receiver.pattern(`${name}*`);
    receiver.subscribe(({ id, data }) => received.push(`${id?.split('-')[1]}: ${data}`));
    await receiver.connect();
    await publish('a');
    await until(() => received.length === 2);
    expect(received).toEqual(['1: a', '1: a']);
  });

  it('announces the number of messages that the log has lost', async () => {
    await publish('a', 'b', 'c', 'd');
    const entries = (await logs.xRange(`log:{${name}}`, '-', '+')) ?? [];
    await logs.xTrim(`log:{${name}}`, 'MAXLEN', 1);
    await observe(String(entries[0]!.id));
    await until(() => received.length === 1);
    expect(received).toEqual(['d']);
    expect(gaps()).toEqual([['log', 2]]);
  });

  it('refuses a key of another type, and a name that is no id', async () => {
    await logs.set(`log:{${name}}`, 'text');
    receiver.channel(name, { recover: {} });
    await expect(receiver.connect()).rejects.toThrow(/WRONGTYPE.*recover\.log/);
    await expect(Promise.resolve().then(() => publisher.publish(name, 'a'))).rejects.toThrow(/WRONGTYPE/);
    expect(() => receiver.channel('other', { recover: { from: 'end' } })).toThrow(/'new', 'start' or the id/);
    expect(() => receiver.pattern('other*', { recover: {} })).toThrow(/pattern/);
  });

  if (abilities.break) {
    it('recovers what is published during an outage', async () => {
      await observe();
      await publish('a');
      await until(() => received.length === 1);
      await environment().break();
      const other = recoverable(environment().outsider(name));
      for (const data of ['b', 'c', 'd']) await other.publish(name, data);
      await environment().heal();
      await until(() => received.length === 4);
      for (const data of ['e', 'f']) await other.publish(name, data);
      await until(() => received.length === 6);
      expect(received).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      expect(gaps()).toEqual([]);
      expect(receiver.stats.recovered).toBeGreaterThanOrEqual(3);
    });
  }
}
